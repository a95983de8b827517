/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/flame.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_HEIGHT 16
#define TOP	     54 /* title and search */
#define BOTTOM	     30 /* what the mouse is on */
#define SIDE	     10
#define CHAR_WIDTH   7 /* of 12 px monospace, about */

/* A frame that is open while the sorted stacks are walked. */
struct open_frame {
	const char *name; /* in the text of an entry */
	size_t bytes;
	uint64_t begin;
};

struct drawing {
	struct buffer *out;
	uint64_t total;
	uint32_t depth_max; /* of frames that are drawn */
	uint64_t skipped;
	const char *unit;
	struct open_frame open[FLAME_DEPTH_MAX];
	uint32_t n_open;
	bool dry; /* only depth_max is wanted */
};

static const char script[] =
	"var S=document.documentElement,F=[].slice.call(document.querySelectorAll('g.f')),"
	"D=document.getElementById('d'),M=document.getElementById('m'),U=document.getElementById('u'),"
	"W=+S.getAttribute('data-w'),T=+S.getAttribute('data-t'),N=S.getAttribute('data-n'),Z=null,R=null;\n"
	"function q(g,k){return +g.getAttribute(k)}\n"
	"function n(g){return g.querySelector('title').textContent}\n"
	"function draw(){var b=Z?q(Z,'data-b'):0,c=Z?q(Z,'data-c'):T,z=Z?q(Z,'data-d'):-1;\n"
	"F.forEach(function(g){var x=q(g,'data-b'),w=q(g,'data-c'),d=q(g,'data-d'),"
	"up=d<z&&x<=b&&x+w>=b+c,r=g.querySelector('rect'),t=g.querySelector('text');\n"
	"if(!up&&(x<b||x+w>b+c||d<z)){g.style.display='none';return}\n"
	"g.style.display='';var l=up?0:(x-b)/c*W,s=up?W:w/c*W;\n"
	"r.setAttribute('x',10+l);r.setAttribute('width',Math.max(s-.3,.1));t.setAttribute('x',13+l);"
	"var m=n(g).replace(/ \\([^(]*$/,''),k=Math.floor((s-6)/7);\n"
	"t.textContent=k<3?'':m.length<=k?m:m.slice(0,k-2)+'..';g.style.opacity=up?.6:1});\n"
	"U.style.display=Z?'':'none'}\n"
	"function find(p){var r=null;try{r=p?new RegExp(p):null}catch(e){M.textContent='no such pattern';return}\n"
	"R=r;var hit=[];F.forEach(function(g){var x=g.querySelector('rect'),o=g.getAttribute('data-f');\n"
	"if(r&&r.test(n(g).replace(/ \\([^(]*$/,''))){x.setAttribute('fill','#c0f');hit.push(g)}"
	"else x.setAttribute('fill',o)});\n"
	"if(!r){M.textContent='Search';return}\n"
	"var s=0,e=-1;hit.sort(function(a,b){return q(a,'data-b')-q(b,'data-b')||q(b,'data-c')-q(a,'data-c')});\n"
	"hit.forEach(function(g){var b=q(g,'data-b');if(b>=e){s+=q(g,'data-c');e=b+q(g,'data-c')}});\n"
	"M.textContent='Matched '+(100*s/T).toFixed(1)+'%  (click: clear)'}\n"
	"function ask(){find(R?'':prompt('Pattern of function names (regular expression)')||'')}\n"
	"S.addEventListener('click',function(e){var t=e.target;if(t===M)return ask();"
	"if(t===U){Z=null;return draw()}\n"
	"var g=t.closest('g.f');if(g){Z=g;draw()}});\n"
	"S.addEventListener('mouseover',function(e){var g=e.target.closest('g.f');"
	"D.textContent=g?n(g):''});\n"
	"window.addEventListener('keydown',function(e){if(e.ctrlKey&&e.key==='f'){e.preventDefault();R=null;"
	"ask()}if(e.key==='Escape'){Z=null;draw()}});\n"
	"draw();\n";

static void add_escaped(struct buffer *out, const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '<')
			buffer_text(out, "&lt;");
		else if (c == '>')
			buffer_text(out, "&gt;");
		else if (c == '&')
			buffer_text(out, "&amp;");
		else if (c == '"')
			buffer_text(out, "&quot;");
		else if (c < 0x20 || c >= 0x7f) /* XML takes no control characters, nor bad UTF-8 */
			buffer_text(out, "?");
		else
			buffer_add(out, &c, 1);
	}
}

static uint32_t hash(const char *text, size_t bytes)
{
	uint32_t h = 2166136261u;

	while (bytes--)
		h = (h ^ (unsigned char)*text++) * 16777619u;
	return h;
}

static bool ends_with(const char *text, size_t bytes, const char *end)
{
	size_t n = strlen(end);

	return bytes >= n && memcmp(text + bytes - n, end, n) == 0;
}

/* Warm for user code, orange for the kernel, grey for what is not reliable; the same name, the same. */
static void add_colour(struct buffer *out, const char *name, size_t bytes)
{
	uint32_t h = hash(name, bytes);

	if (ends_with(name, bytes, "_[k]"))
		buffer_format(out, "rgb(%u,%u,%u)", 235 + h % 15, 120 + h / 16 % 50,
			      40 + h / 1024 % 30);
	else if (ends_with(name, bytes, "_[?]"))
		buffer_format(out, "rgb(%u,%u,%u)", 180 + h % 20, 180 + h % 20, 180 + h % 20);
	else
		buffer_format(out, "rgb(%u,%u,%u)", 205 + h % 50, 90 + h / 64 % 110, h / 8192 % 55);
}

static void draw_frame(struct drawing *d, uint32_t depth, const char *name, size_t bytes,
		       uint64_t begin, uint64_t count)
{
	double scale = (double)(FLAME_WIDTH - 2 * SIDE) / (double)d->total;
	double width = (double)count * scale;
	uint32_t y, letters;

	if (width < FLAME_WIDTH_MIN) {
		d->skipped++;
		return;
	}
	if (depth > d->depth_max)
		d->depth_max = depth;
	if (d->dry)
		return;
	y = TOP + (d->depth_max - depth) * FRAME_HEIGHT;
	buffer_format(d->out,
		      "<g class=\"f\" data-b=\"%" PRIu64 "\" data-c=\"%" PRIu64
		      "\" data-d=\"%u\" data-f=\"",
		      begin, count, depth);
	add_colour(d->out, name, bytes);
	buffer_text(d->out, "\"><title>");
	add_escaped(d->out, name, bytes);
	buffer_format(
		d->out,
		" (%" PRIu64
		" %s, %.2f%%)</title><rect x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"%d\" fill=\"",
		count, d->unit, 100.0 * (double)count / (double)d->total,
		SIDE + (double)begin * scale, y, width > 0.4 ? width - 0.3 : width,
		FRAME_HEIGHT - 1);
	add_colour(d->out, name, bytes);
	buffer_format(d->out, "\" rx=\"1\"/><text x=\"%.1f\" y=\"%u\">",
		      SIDE + 3 + (double)begin * scale, y + 12);
	letters = width > 6 ? (uint32_t)((width - 6) / CHAR_WIDTH) : 0;
	if (letters >= 3) {
		add_escaped(d->out, name, bytes <= letters ? bytes : letters - 2);
		if (bytes > letters)
			buffer_text(d->out, "..");
	}
	buffer_text(d->out, "</text></g>\n");
}

static void close_frames(struct drawing *d, uint32_t depth, uint64_t at)
{
	while (d->n_open > depth) {
		const struct open_frame *f = &d->open[--d->n_open];

		draw_frame(d, d->n_open, f->name, f->bytes, f->begin, at - f->begin);
	}
}

/* Opens and closes frames so that those of @text are open. */
static void walk_stack(struct drawing *d, const char *text, uint64_t at)
{
	uint32_t depth = 1; /* 0 is "all" */

	while (*text && depth < FLAME_DEPTH_MAX) {
		size_t bytes = strcspn(text, ";");

		if (depth >= d->n_open || d->open[depth].bytes != bytes ||
		    memcmp(d->open[depth].name, text, bytes) != 0) {
			close_frames(d, depth, at);
			d->open[d->n_open++] = (struct open_frame){ text, bytes, at };
		}
		text += bytes + (text[bytes] == ';');
		depth++;
	}
	close_frames(d, depth, at);
}

static void walk(struct drawing *d, const struct folded *folded)
{
	uint64_t at = 0;

	d->open[0] = (struct open_frame){ "all", 3, 0 };
	d->n_open = 1;
	for (uint32_t i = 0; i < folded->n; i++) {
		walk_stack(d, folded->entries[i].text, at);
		at += folded->entries[i].count;
	}
	close_frames(d, 0, at);
}

static void begin(struct drawing *d, const char *title)
{
	uint32_t height = TOP + (d->depth_max + 1) * FRAME_HEIGHT + BOTTOM;

	buffer_format(
		d->out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
		"viewBox=\"0 0 %d %u\" data-w=\"%d\" data-t=\"%" PRIu64 "\" data-n=\"%s\">\n"
		"<style>text{font:12px monospace}.f{cursor:pointer}.f text{pointer-events:none}"
		".f:hover rect{stroke:#000}#m,#u{cursor:pointer;fill:#555}</style>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#f8f8f0\"/>\n"
		"<text x=\"%d\" y=\"24\" text-anchor=\"middle\" style=\"font-size:16px\">",
		FLAME_WIDTH, height, FLAME_WIDTH, height, FLAME_WIDTH - 2 * SIDE, d->total, d->unit,
		FLAME_WIDTH / 2);
	add_escaped(d->out, title, strlen(title));
	if (d->skipped)
		buffer_format(d->out, " (%" PRIu64 " frames too narrow to draw)", d->skipped);
	buffer_format(
		d->out,
		"</text>\n<text id=\"u\" x=\"%d\" y=\"42\" style=\"display:none\">Reset zoom</text>"
		"<text id=\"m\" x=\"%d\" y=\"42\" text-anchor=\"end\">Search</text>"
		"<text id=\"d\" x=\"%d\" y=\"%u\"> </text>\n",
		SIDE, FLAME_WIDTH - SIDE, SIDE, height - 10);
}

void flame_draw(const struct folded *folded, const char *title, const char *unit,
		struct buffer *out)
{
	struct drawing *d = xcalloc(1, sizeof(*d));

	d->out = out;
	d->unit = unit;
	d->total = folded->total ? folded->total : 1;
	d->dry = true;
	walk(d, folded);
	begin(d, title);
	d->dry = false;
	walk(d, folded);
	buffer_format(out, "<script><![CDATA[\n%s]]></script>\n</svg>\n", script);
	free(d);
}
