/* How the tables of this folder are written. Included by them alone. */
#ifndef HF_API_ROW_H
#define HF_API_ROW_H

#include "api/api.h"

/* A struct: its name, then a row for each member, in its order. */
#define STRUCT(struct_name, ...) MEMBERS(struct_name, 0, __VA_ARGS__)
/* One that begins with its size: the row of that stands here. */
#define SIZED(struct_name, ...) \
	MEMBERS(struct_name, sizeof(struct struct_name), {AT(struct_name, size), HF_API_SIZE}, \
	        __VA_ARGS__)
/* One that has grown since: `last` is the last member of its first release. */
#define GROWN(struct_name, last, ...) \
	MEMBERS(struct_name, UP_TO(struct_name, last), {AT(struct_name, size), HF_API_SIZE}, \
	        __VA_ARGS__)
/* For these three. */
#define MEMBERS(struct_name, first, ...) \
	{ \
#struct_name, sizeof(struct struct_name), (first), (const struct hf_api_member[]) \
		{ \
			__VA_ARGS__, \
			{ \
				0 \
			} \
		} \
	}
/* The size of a struct that ends with this member. */
#define UP_TO(struct_name, last) \
	((offsetof(struct struct_name, last) + sizeof(((struct struct_name *)NULL)->last) + \
	  _Alignof(struct struct_name) - 1) / \
	 _Alignof(struct struct_name) * _Alignof(struct struct_name))
/* Name, offset and size of a member. */
#define AT(struct_name, member) \
	.name = #member, .offset = offsetof(struct struct_name, member), \
	.size = sizeof(((struct struct_name *)NULL)->member)
/* Name and address of a call. */
#define CALL(call_name) .name = #call_name, .function = (hf_api_fn)(call_name)

#endif
