// The posts, for a browser that is signed in. What came from elsewhere becomes text, never HTML.

const token = document.querySelector('meta[name="csrf-token"]').content;
const list = document.querySelector('#posts');
const message = document.querySelector('#message');

async function call(method, path, body) {
  const headers = { 'X-CSRF-Token': token };
  if (body) headers['Content-Type'] = 'application/json';
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  if (answer.status === 204) return null;
  const read = await answer.json();
  if (!answer.ok) throw new Error(read.detail ?? read.title);
  return read;
}

function button(text, act) {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = text;
  made.addEventListener('click', () => told(act));
  return made;
}

function row(post) {
  const item = document.createElement('li');
  const title = document.createElement('input');
  title.value = post.title;
  title.maxLength = 200;
  title.name = `post-${post.id}`;
  title.setAttribute('aria-label', `#${post.id}`);
  const path = `/api/posts/${post.id}`;
  item.append(
    title,
    button(list.dataset.save, () => call('PUT', path, { title: title.value })),
    button(list.dataset.remove, () => call('DELETE', path)),
  );
  return item;
}

async function show() {
  const { posts } = await call('GET', '/api/posts');
  list.replaceChildren(...posts.map(row));
}

async function told(act) {
  message.textContent = '';
  try {
    await act();
  } catch (error) {
    message.textContent = error.message;
    return;
  }
  await show();
}

if (document.documentElement.dataset.state === 'in') {
  document.querySelector('#new').addEventListener('submit', (event) => {
    event.preventDefault();
    const title = document.querySelector('#title');
    told(async () => {
      await call('POST', '/api/posts', { title: title.value });
      title.value = '';
    });
  });
  told(() => Promise.resolve());
}
