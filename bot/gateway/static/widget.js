// The one script a site embeds: <script type="module" src="https://HOST/widget.js"></script>.
// It is served at /widget.js and at /static/widget.js, so the modules are found from the host, not from this path.
const { define } = await import(new URL("/static/widget/element.js", import.meta.url).href);

define();
