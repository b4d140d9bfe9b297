// Tells Streamlit where its server is: at what stands before a page's name in the address. By itself it would ask at the page's own
// address first, and get two errors there.

{
  const pages = document.currentScript?.dataset.pages?.split(" ") ?? [];
  const [, before, page] = /^(.*\/)([^/]+)\/?$/.exec(location.pathname) ?? [];
  if (pages.includes(page)) Object.assign(window, { __streamlit: { BACKEND_BASE_URL: location.origin + before } });
}
