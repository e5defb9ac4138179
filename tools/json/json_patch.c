/* The text of an object with some of its members' values replaced, and everything else byte for
 * byte as it was. */
#include "files/format.h"

static const struct json_patch *find_patch(const struct json_object *object,
                                           const struct json_member *member,
                                           const struct json_patch *patches, size_t count)
{
	struct json_fault fault;
	const struct json_member *found;
	for (size_t i = 0; i < count; i++)
		if (patches[i].text.data && json_find(object, patches[i].name, &found, &fault) &&
		    found == member)
			return &patches[i];
	return NULL;
}

static void put_added(struct buffer *to, const struct json_object *object,
                      const struct json_patch *patches, size_t count)
{
	bool first = object->count == 0;
	for (size_t i = 0; i < count; i++) {
		struct json_fault fault;
		const struct json_member *found;
		if (!patches[i].text.data || !json_find(object, patches[i].name, &found, &fault) || found)
			continue;
		buffer_text(to, first ? "" : ",");
		first = false;
		json_put_string(to, hf_str(patches[i].name));
		buffer_text(to, ":");
		json_put_bytes(to, patches[i].text);
	}
}

void json_put_patched(struct buffer *to, const struct json_object *object,
                      const struct json_patch *patches, size_t count)
{
	const char *at = object->text.data, *end = at + object->text.len;
	for (size_t i = 0; i < object->count; i++) {
		const struct json_member *member = &object->members[i];
		const struct json_patch *patch = find_patch(object, member, patches, count);
		if (!patch)
			continue;
		buffer_add(to, at, (size_t)((const char *)member->value.data - at));
		json_put_bytes(to, patch->text);
		at = (const char *)member->value.data + member->value.len;
	}
	/* What is added stands before the brace that ends the object. */
	while (end > at && end[-1] != '}')
		end--;
	buffer_add(to, at, (size_t)(end - 1 - at));
	put_added(to, object, patches, count);
	buffer_text(to, "}");
}
