/* The page of the HTML report, made of tools/html by html/embed.py: what stands before its data and behind them. */
#ifndef HOLDFAST_TOOLS_PAGE_H
#define HOLDFAST_TOOLS_PAGE_H

#include <stddef.h>

extern const unsigned char page_head[], page_tail[];
extern const size_t page_head_bytes, page_tail_bytes;

#endif
