/* The orders that a collection of documents keeps, as words: "created,group-created". */
#ifndef TOOLS_ORDERS_H
#define TOOLS_ORDERS_H

#include "holdfast/document.h"

enum { ORDERS_TEXT_SIZE = 64 };

/* "" for none. */
void orders_text(unsigned orders, char out[ORDERS_TEXT_SIZE]);
/* Each word once or more, separated by commas, at least one. false: something else. */
HF_CHECKED bool orders_parse(struct hf_bytes text, unsigned *out);

#endif
