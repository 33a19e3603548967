/** The Chinese of the program's own texts that the pages show: what metrics mean, what commands say of themselves. */
import texts from './zh-CN.json' with { type: 'json' };

const chinese: ReadonlyMap<string, string> = new Map(Object.entries(texts));

/** How a page says an English text of the program. */
export type Wording = (english: string) => string;

export const inEnglish: Wording = (english) => english;

/** The English text is the key, so that one that was changed has no Chinese, and throws, until somebody writes it. */
export const inChinese: Wording = (english) => {
  const text = chinese.get(english);
  if (text === undefined) throw new Error(`schema/zh-CN.json has no Chinese for ${JSON.stringify(english)}`);
  return text;
};
