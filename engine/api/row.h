/* How the tables of this folder are written. Included by them alone. */
#ifndef HF_API_ROW_H
#define HF_API_ROW_H

#include "api/api.h"

/* A struct: its name, then a row for each member, in its order. */
#define STRUCT(struct_name, ...) \
	{ \
#struct_name, sizeof(struct struct_name), (const struct hf_api_member[]) \
		{ \
			__VA_ARGS__, \
			{ \
				0 \
			} \
		} \
	}
/* Name, offset and size of a member. */
#define AT(struct_name, member) \
	.name = #member, .offset = offsetof(struct struct_name, member), \
	.size = sizeof(((struct struct_name *)NULL)->member)
/* Name and address of a call. */
#define CALL(call_name) .name = #call_name, .function = (hf_api_fn)(call_name)

#endif
