/**
 * Latin letters that Unicode does not decompose, by what people type for them: the letters of Lucene's ASCIIFoldingFilter,
 * with which test/integration/search/folding.test.ts compares this table. A letter stands here in lower case.
 */
const UNDECOMPOSED: Readonly<Record<string, string>> = {
  a: 'əⱥɐɚᴀᶏᶕ',
  aa: 'ꜳ',
  ae: 'æᴁᴂ',
  ao: 'ꜵ',
  au: 'ꜷ',
  av: 'ꜹꜻ',
  ay: 'ꜽ',
  b: 'ƀɓƃʙᴃᵬᶀ',
  c: 'ƈȼɕʗᴄↄꜿ',
  d: 'ðđɖɗƌȡᴅᴆᵭᶁᶑꝺ',
  db: 'ȸ',
  dz: 'ʣʥ',
  e: 'ǝɛɇɘɜɝɞʚᴇᴈᶒᶓᶔⱸⱻ',
  f: 'ƒᵮᶂꜰꝼꟻ',
  g: 'ɠǥɡɢʛᵷᵹᶃꝿ',
  h: 'ħɥɦʜʮʯⱨⱶ',
  hv: 'ƕ',
  i: 'ıɩɨɪᴉᵻᵼᶖꟾ',
  j: 'ȷɉɟʄʝᴊ',
  k: 'ƙʞᴋᶄⱪꝁꝃꝅ',
  l: 'łƚȴɫɬɭʟᴌᶅⱡꝇꝉꞁ',
  ll: 'ỻ',
  ls: 'ʪ',
  lz: 'ʫ',
  m: 'ɯɰɱᴍᵯᶆꟽꟿ',
  n: 'ŋɲƞȵɳɴᴎᵰᶇ',
  o: 'øɔɵᴏᴐᴖᴗᶗⱺꝋꝍ',
  oe: 'œɶᴔ',
  oo: 'ꝏ',
  ou: 'ȣᴕ',
  p: 'ƥᴘᵱᵽᶈꝑꝓꝕꟼ',
  q: 'ĸɋʠꝗꝙ',
  qp: 'ȹ',
  r: 'ɍɼɽɾɿʀʁᴙᴚᵲᵳᶉꝛꞃ',
  s: 'ȿʂᵴᶊẜẝꜱꞅ',
  ss: 'ß',
  t: 'ŧƫƭʈȶⱦʇᴛᵵꞇ',
  tc: 'ʨ',
  th: 'þᵺꝧ',
  ts: 'ʦ',
  tz: 'ꜩ',
  u: 'ʉᴜᵾᶙ',
  ue: 'ᵫ',
  v: 'ʋʌᴠᶌỽⱱⱴꝟꝩ',
  vy: 'ꝡ',
  w: 'ƿʍᴡⱳ',
  x: 'ᶍ',
  y: 'ƴɏʎʏỿ',
  z: 'ƶȝȥɀʐʑᴢᵶᶎⱬꝣ',
}

const FOLDED_LETTERS = new Map(
  Object.entries(UNDECOMPOSED).flatMap(([typed, letters]) => [...letters].map((letter) => [letter, typed])),
)
const UNDECOMPOSED_LETTER = new RegExp(`[${[...FOLDED_LETTERS.keys()].join('')}]`, 'gu')

/** Japanese systems write the wave dash as either; only one of them is a compatibility character. */
const FULLWIDTH_TILDE = '\uff5e'
const WAVE_DASH = '\u301c'

/** Invisible characters; joiners and tags wait for {@link OUTSIDE_EMOJI}, and enclosing marks are a frame, as on a keycap. */
const INVISIBLE = /[[\p{Default_Ignorable_Code_Point}\p{Me}]--[\u200d\u{e0020}-\u{e007f}]]/gv
/** Within an emoji these tell a family from three people, and the flag of Scotland from that of Wales. */
const OUTSIDE_EMOJI =
  /(?<!\p{Extended_Pictographic}\p{Emoji_Modifier}?)\u200d|\u200d(?!\p{Extended_Pictographic})|(?<!\u{1f3f4}[\u{e0020}-\u{e007e}]*)[\u{e0020}-\u{e007f}]/gv
const ACCENTED = /([\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}])\p{M}+/gv
const BEYOND_ASCII = /[^\t\n\r -~]/
/** Second lower-case forms of a letter: final sigma, and Cyrillic letters of old prints. */
const SECOND_LOWER_CASE = /[ς\u1c80-\u1c88]/g
const TYPOGRAPHIC_APOSTROPHE = /[\u2018\u2019\u201b]/g

/**
 * Folds differences that people ignore when they look for a word: case, widths and ligatures everywhere; accents on Latin,
 * Greek and Cyrillic letters only, since vowel signs of other scripts are letters to their readers; Latin letters that have
 * an everyday spelling (`ø`, `ł`, `ß`, and the dotless `ı`, whose capital is everyone's `I`); and invisible characters.
 *
 * Everything that is compared goes through here: tags, links, filters, and the words of documents and queries. The result
 * is in NFC, and folding it again changes nothing.
 */
export function fold(text: string): string {
  // Most captions; nothing below concerns ASCII, and passing over it nine times costs twenty times as much.
  if (!BEYOND_ASCII.test(text)) return text.toLowerCase()
  return text
    .replaceAll(FULLWIDTH_TILDE, WAVE_DASH)
    .normalize('NFKD')
    .replace(INVISIBLE, '')
    .replace(OUTSIDE_EMOJI, '')
    .replace(ACCENTED, '$1')
    .toLowerCase()
    .replace(SECOND_LOWER_CASE, (letter) => letter.toUpperCase().toLowerCase())
    .replace(UNDECOMPOSED_LETTER, (letter) => FOLDED_LETTERS.get(letter)!)
    .replace(TYPOGRAPHIC_APOSTROPHE, "'")
    .normalize('NFC')
}
