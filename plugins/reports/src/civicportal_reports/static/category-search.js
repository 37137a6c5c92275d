/* Find categories by what a citizen types: whole words, compared by their stems. No page is needed, so that tests can call it.

   new CategorySearch([{name, phrases: [TEXT], around: [TEXT]}])     phrases: name and synonyms; around: words of the root category
   .find(TEXT) → names, best first; the last word may be unfinished */

const ALIKE = { آ: 'ا', أ: 'ا', إ: 'ا', ك: 'ک', ي: 'ی', ى: 'ی', ئ: 'ی', ؤ: 'و', ة: 'ه', ۀ: 'ه' };
const MARKS = /[\u0610-\u061a\u064b-\u065f\u0670\u0640]/g;
/* "خیابونمون" is "خیابان": the spoken forms of "our", "your" and "their", then of "ان". */
const OURS = /(.{3})(?:[متش]ون|[مش]ان)و?$/;
const SPOKEN = /(.{2})ون$/;
/* The first ending that leaves enough of the word goes. */
const ENDINGS = [
  ['هایشان', 2],
  ['هایمان', 2],
  ['هایش', 2],
  ['هایم', 2],
  ['هایی', 2],
  ['های', 2],
  ['ترین', 3],
  ['ها', 2],
  ['اشو', 3],
  ['شو', 3],
  ['ایم', 3],
  ['یم', 4],
  ['ای', 3],
  ['گی', 3],
  ['ان', 4],
  ['ات', 3],
  ['ا', 3],
  ['ی', 3],
  ['ه', 3],
  ['ing', 4],
  ['ies', 3],
  ['es', 4],
  ['ed', 4],
  ['s', 3],
];
const FILLERS = new Set(
  (
    'و در از به با که را رو این ان یک یه هم تا بر برای روی توی تو داخل کنار جلوی جلو بالای پایین پشت سر دم ما من شما خیلی است ' +
    'هست نیست شده نشده میشه نمیشه می نمی شود شد کند کنند کردن کرده کردند کرد دارد داره ندارد نداره دارند های ها ای اند ام ' +
    'the a an of in on at to is are not and or my our near'
  ).split(' '),
);
const SHORTEST = 2; /* letters of an unfinished word */
const MOST = 6;
const NEAR_THE_BEST = 0.5;
const OF_ROOT = 0.3; /* weight of a word of the root category */
const UNFINISHED = 0.8;

function plain(text) {
  return text
    .toLowerCase()
    .replace(MARKS, '')
    .replace(/[آأإكيىئؤةۀ]/g, (letter) => ALIKE[letter]);
}
function stem(spoken) {
  const word = spoken.replace(OURS, '$1').replace(SPOKEN, '$1ان');
  const found = ENDINGS.find(([ending, rest]) => word.endsWith(ending) && word.length - ending.length >= rest);
  return found ? word.slice(0, -found[0].length) : word;
}
/* A compound counts in parts and as one word: some type it with a space, some without. */
function wordsOf(text) {
  return plain(text)
    .split(/[^\p{L}\p{N}\u200c]+/u)
    .flatMap((word) => {
      const parts = word.split('\u200c');
      return parts.length > 1 ? [...parts, parts.join('')] : parts;
    })
    .filter((word) => word && !FILLERS.has(word));
}
/* Two words that follow each other, as one: "الا کلنگ" is "الاکلنگ". */
function pairsOf(words) {
  return words.slice(1).map((word, index) => words[index] + word);
}

export class CategorySearch {
  constructor(categories) {
    this.known = categories.map((category) => {
      const phrases = category.phrases.map(wordsOf);
      return {
        name: category.name,
        phrases: phrases.map((words) => words.map(stem)),
        words: new Set(phrases.flat()),
        stems: new Set(phrases.flatMap((words) => [...words, ...pairsOf(words)]).map(stem)),
        around: new Set(category.around.flatMap(wordsOf).map(stem)),
      };
    });
    this.weights = new Map();
  }

  find(text) {
    const typed = wordsOf(text);
    if (typed.join('').length < SHORTEST) {
      return [];
    }
    const words = [...pairsOf(typed).filter((pair) => this.knows(pair)), ...typed];
    const rated = this.known
      .map((category) => ({ name: category.name, points: this.rate(category, words) }))
      .filter((found) => found.points > 0)
      .sort((one, other) => other.points - one.points);
    return rated
      .filter((found) => found.points >= rated[0].points * NEAR_THE_BEST)
      .slice(0, MOST)
      .map((found) => found.name);
  }

  rate(category, words) {
    const stems = new Set(words.map(stem));
    const points = words.reduce(
      (sum, word, index) => sum + this.weight(stem(word)) * match(category, word, index === words.length - 1),
      0,
    );
    /* The longest phrase that was typed whole. */
    const whole = category.phrases
      .filter((phrase) => phrase.length && phrase.every((word) => stems.has(word)))
      .map((phrase) => phrase.reduce((sum, word) => sum + this.weight(word), 0));
    return points + Math.max(0, ...whole);
  }

  knows(word) {
    return this.known.some((category) => category.stems.has(stem(word)));
  }

  /* Rare words say more. */
  weight(word) {
    if (!this.weights.has(word)) {
      const n = this.known.filter((category) => category.stems.has(word)).length;
      this.weights.set(word, Math.log(1 + this.known.length / (n || 1)));
    }
    return this.weights.get(word);
  }
}

function match(category, word, last) {
  if (category.stems.has(stem(word))) {
    return 1;
  }
  if (category.around.has(stem(word))) {
    return OF_ROOT;
  }
  const begun = last && word.length >= SHORTEST && [...category.words].some((known) => known.startsWith(word));
  return begun ? UNFINISHED : 0;
}
