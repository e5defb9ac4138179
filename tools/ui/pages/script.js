// Brings the page up to date every five seconds, while it is seen and nobody reads or types in it.
// Without a script every page is whole, and stands still.
(function () {
	'use strict';
	const EVERY_MS = 5000;
	const button = document.getElementById('live');
	let live = !location.pathname.endsWith('/history');
	let running = false;

	function show() {
		button.setAttribute('aria-pressed', String(live));
		button.textContent = live ? 'Live' : 'Paused';
		button.title = live ? 'Stop bringing this page up to date' : 'Bring this page up to date';
	}

	function disturbs() {
		const at = document.activeElement;
		return document.hidden || String(getSelection()) !== '' ||
			(at && (at.tagName === 'INPUT' || at.tagName === 'BUTTON' && at !== button));
	}

	function take(fresh, id) {
		const from = fresh.getElementById(id), to = document.getElementById(id);
		if (from && to)
			to.replaceChildren(...from.childNodes);
	}

	// Where the focus was, and how far tables were scrolled, stays.
	function swap(fresh) {
		const main = document.getElementById('main');
		const active = document.activeElement;
		const at = main.contains(active) && active.getAttribute('href');
		const scrolled = Array.from(main.querySelectorAll('.scroll'), (one) => one.scrollLeft);
		take(fresh, 'main');
		take(fresh, 'status');
		main.querySelectorAll('.scroll').forEach((one, i) => {
			one.scrollLeft = scrolled[i] || 0;
		});
		const links = Array.from(main.querySelectorAll('a'));
		const again = at && links.find((link) => link.getAttribute('href') === at);
		if (again)
			again.focus({preventScroll: true});
	}

	function lost() {
		const pill = document.createElement('span');
		pill.className = 'pill bad';
		pill.textContent = 'no answer';
		document.getElementById('status').replaceChildren(pill);
	}

	async function refresh() {
		if (!live || running || disturbs())
			return;
		running = true;
		try {
			const answer = await fetch(location.href, {cache: 'no-store', redirect: 'error'});
			const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
			if (fresh.getElementById('main'))
				swap(fresh);
			else
				lost();
		} catch (error) {
			lost();
		}
		running = false;
	}

	button.addEventListener('click', () => {
		live = !live;
		show();
		void refresh();
	});
	button.hidden = false;
	show();
	setInterval(refresh, EVERY_MS);
})();
