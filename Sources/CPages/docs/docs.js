// Shows /openapi.json and tries its operations. Nothing is loaded from elsewhere, and nothing of the document is ever
// parsed as HTML. The token lives as long as the tab.
'use strict';

const $ = (id) => document.getElementById(id);
const methods = ['get', 'post', 'put', 'patch', 'delete'];
let api = null;

/** An element with attributes and children; a child that is text becomes text. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key in made && typeof value !== 'string') made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Text in which `code` is code. */
function prose(text, name = 'p') {
  const made = element(name);
  (text || '').split('`').forEach((part, index) => made.append(index % 2 ? element('code', {}, part) : part));
  return made;
}

// Schemas

function resolve(schema) {
  if (!schema?.$ref) return schema ?? {};
  return schema.$ref.split('/').slice(1).reduce((found, key) => found?.[key], api) ?? {};
}

/** What a value must be, in a few words. */
function kind(schema) {
  if (schema.$ref) return schema.$ref.split('/').pop();
  if (schema.anyOf) return schema.anyOf.map(kind).join(' or ');
  if (schema.allOf) return schema.allOf.map(kind).join(' and ');
  if (schema.type === 'array') return 'list of ' + kind(schema.items ?? {});
  const words = [schema.format ?? schema.type ?? 'anything'];
  if (schema.enum) words.push(schema.enum.map((value) => JSON.stringify(value)).join(' | '));
  const [low, high] = [schema.minimum ?? schema.minLength, schema.maximum ?? schema.maxLength];
  if (low !== undefined || high !== undefined) words.push(`${low ?? ''}…${high ?? ''}`);
  if (schema.default !== undefined) words.push('default ' + JSON.stringify(schema.default));
  return words.join(' ');
}

function schemaView(schema, seen = []) {
  if (schema.$ref && seen.includes(schema.$ref)) return element('span');
  const next = schema.$ref ? [...seen, schema.$ref] : seen;
  const shown = resolve(schema);
  if (shown.allOf) return element('div', {}, ...shown.allOf.map((part) => schemaView(part, next)));
  if (shown.anyOf) return element('div', {}, ...shown.anyOf.map((part) => schemaView(part, next)));
  if (shown.type === 'array') return schemaView(shown.items ?? {}, next);
  if (!shown.properties) return element('span');
  const view = element('div', { class: 'schema' });
  for (const [name, field] of Object.entries(shown.properties)) {
    const must = shown.required?.includes(name);
    view.append(element('div', {},
      element('code', {}, name), must ? element('span', { class: 'must', title: 'required' }, ' *') : null, ' ',
      element('span', { class: 'kind' }, kind(field)), ' ', prose(field.description, 'span'), schemaView(field, next)));
  }
  return view;
}

/** A value to begin with: what must be there, and nothing else unless nothing must. */
function example(schema, depth = 0) {
  const shown = resolve(schema);
  if (shown.examples) return shown.examples[0];
  if (shown.default !== undefined) return shown.default;
  if (shown.enum) return shown.enum[0];
  if (shown.anyOf) return example(shown.anyOf[0], depth + 1);
  if (shown.allOf) return Object.assign({}, ...shown.allOf.map((part) => example(part, depth + 1)));
  switch (shown.type) {
    case 'object': {
      const names = shown.required ?? Object.keys(shown.properties ?? {});
      if (depth > 4) return {};
      return Object.fromEntries(names.map((name) => [name, example(shown.properties?.[name] ?? {}, depth + 1)]));
    }
    case 'array': return shown.minItems ? [example(shown.items ?? {}, depth + 1)] : [];
    case 'integer': case 'number': return shown.minimum ?? 0;
    case 'boolean': return true;
    case 'string': return shown.format === 'uuid' ? '00000000-0000-0000-0000-000000000000' : '';
    default: return null;
  }
}

// Operations

function parameterRow(parameter) {
  const schema = resolve(parameter.schema);
  const input = element('input', {
    'data-name': parameter.name, 'data-in': parameter.in, 'aria-label': parameter.name,
    placeholder: schema.default !== undefined ? String(schema.default) : '', spellcheck: 'false',
  });
  return element('tr', {},
    element('td', {}, element('code', {}, parameter.name),
      parameter.required ? element('span', { class: 'must', title: 'required' }, ' *') : null,
      element('div', { class: 'kind' }, parameter.in)),
    element('td', {}, element('div', { class: 'kind' }, kind(parameter.schema ?? {})), prose(parameter.description, 'div')),
    element('td', {}, input));
}

function answersView(operation) {
  const body = element('tbody');
  for (const [status, answer] of Object.entries(operation.responses ?? {})) {
    const [type, content] = Object.entries(answer.content ?? {})[0] ?? [];
    body.append(element('tr', {},
      element('td', {}, element('span', { class: 'status ' + (status < 400 ? 'good' : 'bad') }, status)),
      element('td', {}, prose(answer.description, 'div'), type ? element('div', { class: 'kind' }, type) : null,
        content && status < 400 ? schemaView(content.schema ?? {}) : null)));
  }
  return element('table', {}, body);
}

/** The request as it stands in the form. Throws what is missing. */
function requestOf(view, method, path, operation) {
  const query = new URLSearchParams();
  const headers = {};
  let target = path;
  for (const input of view.querySelectorAll('input[data-in]')) {
    const { name, in: place } = input.dataset;
    if (place === 'path') {
      if (!input.value) throw new Error(`${name} is missing`);
      target = target.replace(`{${name}}`, encodeURIComponent(input.value));
    } else if (input.value) {
      if (place === 'query') query.append(name, input.value);
      else headers[name] = input.value;
    }
  }
  if ([...query].length) target += '?' + query;
  const token = $('token').value.trim();
  if (operation.security?.length && token) headers.Authorization = 'Bearer ' + token;
  const body = view.querySelector('textarea')?.value.trim();
  if (body) headers['Content-Type'] = Object.keys(operation.requestBody.content)[0];
  return { target, options: { method: method.toUpperCase(), headers, body: body || undefined, cache: 'no-store' } };
}

/** The same request for a shell; the token stays out of what may be copied elsewhere. */
function curl({ target, options }) {
  const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  const words = ['curl', '-X', options.method, quote(location.origin + target)];
  for (const [name, value] of Object.entries(options.headers)) {
    words.push('-H', name === 'Authorization' ? '"Authorization: Bearer $TOKEN"' : quote(`${name}: ${value}`));
  }
  if (options.body) words.push('-d', quote(options.body));
  return words.join(' ');
}

async function attempt(view, method, path, operation, result) {
  let request;
  try {
    request = requestOf(view, method, path, operation);
  } catch (error) {
    return result.replaceChildren(element('p', { class: 'status bad' }, error.message));
  }
  const start = performance.now();
  try {
    const answer = await fetch(request.target, request.options);
    const text = await answer.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* It is no JSON: shown as it is. */ }
    const fields = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
    result.replaceChildren(
      element('div', { class: 'status ' + (answer.ok ? 'good' : 'bad') },
        `${answer.status} ${answer.statusText}`, ' ',
        element('span', { class: 'kind' }, `${Math.round(performance.now() - start)} ms`)),
      element('pre', { class: 'answer', tabindex: '0' }, shown || '(no body)'),
      element('details', {}, element('summary', {}, 'Header, and the request for a shell'),
        element('div', { class: 'inside' }, element('pre', {}, fields), element('pre', {}, curl(request)))));
  } catch (error) {
    result.replaceChildren(element('p', { class: 'status bad' }, `No answer: ${error.message}`));
  }
}

function operationView(method, path, operation) {
  const id = operation.operationId ?? `${method} ${path}`;
  const inside = element('div', { class: 'inside' });
  const view = element('details', { id },
    element('summary', {}, element('span', { class: `method ${method}` }, method.toUpperCase()),
      element('span', { class: 'path' }, path), element('span', { class: 'what' }, operation.summary ?? '')), inside);
  // What is inside is made when it is looked at.
  view.addEventListener('toggle', () => {
    if (!view.open || inside.firstChild) return;
    if (operation.description) inside.append(prose(operation.description));
    if (!operation.security?.length) inside.append(element('p', { class: 'kind' }, 'Needs no token.'));
    if (operation.parameters?.length) {
      inside.append(element('h3', {}, 'Parameters'),
        element('table', {}, element('tbody', {}, ...operation.parameters.map(parameterRow))));
    }
    const content = Object.values(operation.requestBody?.content ?? {})[0];
    if (content) {
      const start = JSON.stringify(example(content.schema ?? {}), null, 2);
      inside.append(element('h3', {}, 'Body'), schemaView(content.schema ?? {}),
        element('textarea', { 'aria-label': 'Body', spellcheck: 'false' }, operation.requestBody.required ? start : ''));
    }
    const result = element('div', { class: 'result', 'aria-live': 'polite' });
    const button = element('button', { type: 'button' }, 'Try it');
    button.addEventListener('click', async () => {
      button.disabled = true;
      await attempt(inside, method, path, operation, result);
      button.disabled = false;
    });
    inside.append(element('div', { class: 'row' }, button), result, element('h3', {}, 'Answers'), answersView(operation));
  });
  view.dataset.words = [id, method, path, operation.summary, operation.description].join(' ').toLowerCase();
  return view;
}

function show() {
  document.title = `${api.info.title}: the API`;
  $('title').textContent = `${api.info.title} ${api.info.version}`;
  $('about').replaceChildren(...prose(api.info.description.split('\n\n')[0]).childNodes);
  const list = element('div');
  const main = $('operations');
  main.replaceChildren();
  for (const tag of api.tags ?? []) {
    const section = element('section', {}, element('h2', {}, tag.name), prose(tag.description));
    const links = element('ul');
    for (const [path, item] of Object.entries(api.paths)) {
      for (const method of methods) {
        const operation = item[method];
        if (!operation || (operation.tags?.[0] ?? 'Other') !== tag.name) continue;
        section.append(operationView(method, path, operation));
        const link = element('a', { href: '#' + operation.operationId }, operation.summary ?? path);
        links.append(element('li', {}, link));
      }
    }
    if (!links.firstChild) continue;
    main.append(section);
    list.append(element('h3', {}, tag.name), links);
  }
  $('index').replaceChildren(list);
  openTarget();
}

function openTarget() {
  const view = location.hash && $(decodeURIComponent(location.hash.slice(1)));
  if (view?.tagName !== 'DETAILS') return;
  view.open = true;
  view.scrollIntoView({ block: 'start' });
}

function filter() {
  const words = $('filter').value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const section of $('operations').querySelectorAll('section')) {
    let some = false;
    for (const view of section.querySelectorAll('details[data-words]')) {
      view.hidden = !words.every((word) => view.dataset.words.includes(word));
      some ||= !view.hidden;
    }
    section.hidden = !some;
  }
}

// The token

async function login(event) {
  event.preventDefault();
  const form = new FormData($('login'));
  const answer = await fetch('/api/auth/login', {
    method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: form.get('username'), password: form.get('password') }),
  });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) return say(body.detail ?? `Status ${answer.status}`, false);
  $('token').value = body.accessToken;
  $('login').elements.password.value = '';
  keep();
  say(`Logged in as ${body.user.displayName}.`, true);
}

function keep() { sessionStorage.setItem('token', $('token').value.trim()); }

function say(text, isGood) {
  $('who').textContent = text;
  $('who').className = 'status ' + (isGood ? 'good' : 'bad');
}

$('login').addEventListener('submit', (event) => login(event).catch((error) => say(error.message, false)));
$('token').addEventListener('change', keep);
$('filter').addEventListener('input', filter);
addEventListener('hashchange', openTarget);
$('token').value = sessionStorage.getItem('token') ?? '';

fetch('/openapi.json')
  .then((answer) => answer.json())
  .then((description) => { api = description; show(); })
  .catch((error) => { $('operations').replaceChildren(element('p', { class: 'status bad' }, `The description cannot be read: ${error.message}`)); });
