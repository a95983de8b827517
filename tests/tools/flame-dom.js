// SPDX-License-Identifier: BSD-2-Clause
//
// The script of a flame graph (read from standard input) on a document of six frames: zoom, search, reset.
// Run by test_trace_func.py with node; throws where something is not as it should be.
'use strict';
const script = require('fs').readFileSync(0, 'utf8');

class Element {
	constructor(kind, attributes) {
		Object.assign(this, { kind, attributes: attributes || {}, style: {}, children: [], textContent: '' });
	}
	getAttribute(key) { return this.attributes[key]; }
	setAttribute(key, value) { this.attributes[key] = value; }
	querySelector(kind) { return this.children.find(c => c.kind === kind); }
	addEventListener(name, handler) { this['on' + name] = handler; }
	closest() { return this.kind === 'g' ? this : null; }
}

function frame(name, begin, count, depth) {
	const g = new Element('g', { 'data-b': begin, 'data-c': count, 'data-d': depth, 'data-f': 'red' });
	const title = new Element('title');
	title.textContent = name + ' (' + count + ' samples, 1%)';
	g.children = [title, new Element('rect', { fill: 'red' }), new Element('text')];
	return g;
}

function check(condition, what) {
	if (!condition)
		throw new Error(what);
}

const all = frame('all', 0, 10, 0), main = frame('main', 0, 6, 1), other = frame('other', 6, 4, 1);
const one = frame('leaf_one', 0, 3, 2), two = frame('leaf_two', 3, 3, 2), three = frame('leaf_three', 6, 4, 2);
const named = { d: new Element('text'), m: new Element('text'), u: new Element('text') };
const svg = new Element('svg', { 'data-w': '1180', 'data-t': '10', 'data-n': 'samples' });
const window = new Element('window');
let answer;
new Function('document', 'window', 'prompt', script)({
	documentElement: svg,
	querySelectorAll: () => [all, main, other, one, two, three],
	getElementById: id => named[id],
}, window, () => answer);

const width = g => g.querySelector('rect').getAttribute('width');
const click = target => svg.onclick({ target });
check(Math.abs(width(main) - (708 - 0.3)) < 0.01, 'width ' + width(main));
click(main);
check(other.style.display === 'none' && all.style.opacity === 0.6, 'zoom shows others');
check(Math.abs(width(one) - (590 - 0.3)) < 0.01, 'zoomed width ' + width(one));
click(named.u);
check(other.style.display === '' && Math.abs(width(main) - 707.7) < 0.01, 'zoom stays');
answer = 'leaf';
click(named.m);
check(/Matched 100\.0%/.test(named.m.textContent), named.m.textContent);
click(named.m);
check(named.m.textContent === 'Search' && one.querySelector('rect').getAttribute('fill') === 'red', 'search stays');
answer = 'leaf_two|main';
click(named.m);
check(/Matched 60\.0%/.test(named.m.textContent), 'nested matches: ' + named.m.textContent);
answer = '(';
window.onkeydown({ ctrlKey: true, key: 'f', preventDefault: () => 0 });
check(/no such pattern/.test(named.m.textContent), named.m.textContent);
svg.onmouseover({ target: one });
check(named.d.textContent.startsWith('leaf_one'), named.d.textContent);
click(main);
window.onkeydown({ key: 'Escape' });
check(other.style.display === '', 'Escape does not reset');
