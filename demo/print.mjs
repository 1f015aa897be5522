// Modest output: colour on a terminal that wants it, and text that fits.
const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';

const style = (open, close) => (text) => (coloured ? `\u001b[${open}m${text}\u001b[${close}m` : text);

export const bold = style(1, 22);
export const dim = style(2, 22);
export const green = style(32, 39);
export const red = style(31, 39);

/** One paragraph of at most `width` columns, whatever its line breaks were. */
export function paragraph(text, width = 100) {
  const lines = [''];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const line = lines.at(-1);
    if (line !== '' && line.length + word.length >= width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join('\n');
}

export function indented(text) {
  return text.trimEnd().replaceAll(/^/gm, '    ');
}
