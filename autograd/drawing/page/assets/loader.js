// Unpacks the page's style and script and puts them to work. The policy of the page names the hash of each, so nothing
// else can run.
"use strict";

async function unpacked(id) {
  const packed = Uint8Array.from(atob(document.getElementById(id).textContent), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

document.head.append(Object.assign(document.createElement("style"), { textContent: await unpacked("style") }));
document.body.append(Object.assign(document.createElement("script"), { type: "module", textContent: await unpacked("script") }));
