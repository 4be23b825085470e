/** Tab-separated text with a header row; refuses tabs and line ends inside a cell. */
export function toTsv(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const lines = [header, ...rows].map((row) =>
    row
      .map((cell) => {
        const text = String(cell);
        if (/[\t\r\n]/.test(text)) throw new Error(`cell holds a tab or a line end: ${text}`);
        return text;
      })
      .join('\t'),
  );
  return `${lines.join('\n')}\n`;
}
