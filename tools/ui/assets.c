/* The files of tools/ui/pages, as they are. `.incbin` is what assemblers of gcc and clang, the
 * compilers that this tree builds with, have for that: no generated source, and the files stay what
 * editors and browsers know. */
#include "ui/ui.h"

#include <string.h>

#define ASSET(symbol, file) \
	__asm__(".section .rodata\n" \
	        "asset_" #symbol "_begin:\n" \
	        ".incbin \"" UI_PAGES "/" file "\"\n" \
	        "asset_" #symbol "_end:\n" \
	        ".byte 0\n" \
	        ".previous\n"); \
	extern const char asset_##symbol##_begin[] __attribute__((visibility("hidden"))); \
	extern const char asset_##symbol##_end[] __attribute__((visibility("hidden")))

ASSET(frame, "frame.html");
ASSET(style, "style.css");
ASSET(script, "script.js");
ASSET(icon, "icon.svg");

const struct asset *asset_find(const char *name)
{
	static const struct asset assets[] = {
	    {"frame.html", NULL, asset_frame_begin, asset_frame_end},
	    {"style.css", "text/css; charset=utf-8", asset_style_begin, asset_style_end},
	    {"script.js", "text/javascript; charset=utf-8", asset_script_begin, asset_script_end},
	    {"icon.svg", "image/svg+xml", asset_icon_begin, asset_icon_end},
	};
	for (size_t i = 0; i < sizeof assets / sizeof *assets; i++)
		if (strcmp(assets[i].name, name) == 0)
			return &assets[i];
	return NULL;
}
