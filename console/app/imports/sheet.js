/** The first rows of a table as the file has them: of delimited text in any encoding, and of a workbook. */

/** @typedef {{line: number, cells: string[]}} Row */

/** @param {string} text @param {string} delimiter @param {string} quote @param {number} most @returns {Row[]} */
export function readText(text, delimiter, quote, most) {
  const rows = /** @type {Row[]} */ ([]);
  let cells = /** @type {string[]} */ ([]), cell = '', isQuoted = false, line = 1, began = 1;
  const end = () => { cells.push(cell); rows.push({ line: began, cells }); [cells, cell] = [[], '']; };
  for (let i = 0; i < text.length && rows.length < most; i += 1) {
    const c = text[i];
    if (c === '\n') line += 1;
    if (isQuoted) {
      if (c !== quote) cell += c;
      else if (text[i + 1] === quote) { cell += c; i += 1; } else isQuoted = false;
    } else if (c === quote && !cell) isQuoted = true;
    else if (c === delimiter) { cells.push(cell); cell = ''; } else if (c === '\n') { end(); began = line; } else if (c !== '\r') cell += c;
  }
  if ((cell || cells.length) && rows.length < most) end();
  return rows;
}

/** The parts of a zip archive. @param {ArrayBuffer} buffer */
function unzip(buffer) {
  const view = new DataView(buffer), parts = /** @type {Map<string, {method: number, size: number, at: number}>} */ (new Map());
  let end = buffer.byteLength - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end -= 1;
  if (end < 0) return null;
  for (let i = view.getUint16(end + 10, true), at = view.getUint32(end + 16, true); i > 0; i -= 1) {
    const length = view.getUint16(at + 28, true), name = new TextDecoder().decode(new Uint8Array(buffer, at + 46, length));
    parts.set(name, { method: view.getUint16(at + 10, true), size: view.getUint32(at + 20, true), at: view.getUint32(at + 42, true) });
    at += 46 + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return async (/** @type {string} */ name) => {
    const part = parts.get(name);
    if (!part) return '';
    const begin = part.at + 30 + view.getUint16(part.at + 26, true) + view.getUint16(part.at + 28, true), bytes = new Blob([buffer.slice(begin, begin + part.size)]);
    const text = await (part.method ? new Response(bytes.stream().pipeThrough(new DecompressionStream('deflate-raw'))).text() : bytes.text());
    return text.replace(/<(\/?)\w+:/g, '<$1');
  };
}

/** @type {Record<string, string>} */
const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const plain = (/** @type {string} */ xml) => xml.replace(/&(#x?)?(\w+);/g, (all, is, code) => (is ? String.fromCodePoint(parseInt(code, is === '#x' ? 16 : 10)) : ENTITIES[code] ?? all));
const texts = (/** @type {string} */ xml) => plain([...xml.replace(/<rPh.*?<\/rPh>/gs, '').matchAll(/<t(?:\s[^>]*)?>(.*?)<\/t>/gs)].map((one) => one[1]).join(''));
const attribute = (/** @type {string} */ tag, /** @type {string} */ name) => plain(tag.match(new RegExp(`\\s(?:\\w+:)?${name}="([^"]*)"`))?.[1] ?? '');
const tags = (/** @type {string} */ xml, /** @type {string} */ name) => [...xml.matchAll(new RegExp(`<${name}[\\s/>][^>]*>?`, 'g'))].map((one) => one[0]);

/** Which styles of cells show a day. @param {string} styles */
function dayStyles(styles) {
  const own = new Map(tags(styles, 'numFmt').map((tag) => [attribute(tag, 'numFmtId'), /[ymde年月日]/i.test(attribute(tag, 'formatCode').replace(/\[.*?\]|".*?"/g, ''))]));
  return tags(styles.match(/<cellXfs.*?<\/cellXfs>/s)?.[0] ?? '', 'xf').map((tag) => {
    const id = attribute(tag, 'numFmtId'), n = Number(id);
    return own.get(id) ?? ((n > 13 && n < 18) || n === 22 || (n > 26 && n < 37) || (n > 49 && n < 59));
  });
}

/** @param {ArrayBuffer} buffer @param {string|null} sheet its name; the first one without @param {number} most @returns {Promise<Row[]>} */
export async function readWorkbook(buffer, sheet, most) {
  const part = unzip(buffer);
  if (!part) return [];
  const [book, links, shared, styles] = await Promise.all(['xl/workbook.xml', 'xl/_rels/workbook.xml.rels', 'xl/sharedStrings.xml', 'xl/styles.xml'].map(part));
  const sheets = tags(book, 'sheet'), chosen = sheets.find((tag) => attribute(tag, 'name') === sheet) ?? sheets[0] ?? '';
  const id = attribute(chosen, 'id'), target = attribute(tags(links, 'Relationship').find((tag) => attribute(tag, 'Id') === id) ?? '', 'Target');
  const words = [...shared.matchAll(/<si>(.*?)<\/si>|<si\/>/gs)].map((one) => texts(one[1] ?? '')), days = dayStyles(styles);
  const rows = /** @type {Row[]} */ ([]);
  for (const [, head, body] of (await part(target.startsWith('/') ? target.slice(1) : `xl/${target}`)).matchAll(/<row(\s[^>]*[^/])?>(.*?)<\/row>/gs)) {
    const cells = /** @type {string[]} */ ([]);
    for (const [, cell, inside = ''] of body.matchAll(/<c(\s[^>]*?)(?:\/>|>(.*?)<\/c>)/gs)) {
      const letters = attribute(cell, 'r').replace(/\d/g, ''), kind = attribute(cell, 't'), value = plain(inside.match(/<v[^>]*>(.*?)<\/v>/s)?.[1] ?? '');
      const at = [...letters].reduce((sum, one) => sum * 26 + one.charCodeAt(0) - 64, 0) - 1;
      const isDay = !kind && value && days[Number(attribute(cell, 's'))];
      cells[letters ? at : cells.length] = kind === 's' ? words[Number(value)] ?? '' : kind === 'inlineStr' ? texts(inside) : isDay ? new Date(Math.round((Number(value) - 25_569) * 86_400_000)).toISOString().slice(0, 10) : value;
    }
    rows.push({ line: Number(attribute(head ?? '', 'r')) || rows.length + 1, cells: Array.from(cells, (one) => one ?? '') });
    if (rows.length >= most) break;
  }
  return rows;
}
