const ASKS =
  /^(?:what(?:'s|’s| is| are| does)|how much (?:is|are)|calculate|compute|evaluate|work out|solve|tell me|give me|the value of|result of)\s+(?:the (?:value|result) of\s+)?/i;

/** Words of arithmetic and their signs, applied in this order. */
const SIGNS: readonly (readonly [RegExp, string])[] = [
  [/[×✕]/g, '*'],
  [/[÷]/g, '/'],
  [/[−–]/g, '-'],
  [/(?<=\d),(?=\d{3}(?:\D|$))/g, ''],
  [/(?<=[\d)])\s*x\s*(?=[\d(])/gi, ' * '],
  [/\b(?:multiplied by|times)\b/gi, ' * '],
  [/\b(?:divided by|over)\b/gi, ' / '],
  [/\b(?:to the power of|raised to)\b/gi, ' ^ '],
  [/\bplus\b/gi, ' + '],
  [/\b(?:minus|less)\b/gi, ' - '],
  [/\bsquared\b/gi, '^2'],
  [/\bcubed\b/gi, '^3'],
  [/\*\*/g, '^'],
  [/(\d+(?:\.\d+)?)\s*(?:%|percent)\s+of\s+/gi, '($1/100) * '],
  [/\b(?:the )?square root of\s+(\d+(?:\.\d+)?|\([^()]*\))/gi, 'sqrt($1)'],
  [/\bmodulo\b/gi, ' mod '],
];

/** Numbers, operators, brackets and the calculator's plain functions; nothing else is handed to it. */
const EXPRESSION =
  /^(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|[-+*/^()%!., ]|\b(?:sqrt|abs|round|floor|ceil|log|log2|log10|exp|sin|cos|tan|pi|e|mod|factorial|gcd|lcm|min|max)\b)+$/i;
const HAS_OPERATION = /\d\s*[-+*/^%!]|\bmod\b|[a-z]\w*\s*\(/i;

/** The expression in a question such as “what is 12*(3+4)?”; null when the text holds anything else. */
export function readExpression(text: string): string | null {
  const asked = text
    .trim()
    .replace(/\s*=?\s*[?!.]*\s*$/, '')
    .replace(ASKS, '');
  const expression = SIGNS.reduce((sofar, [words, sign]) => sofar.replace(words, sign), asked)
    .replace(/\s+/g, ' ')
    .trim();
  if (expression.length > 1000 || !/\d/.test(expression)) return null;
  const isDate = /^\d{1,4}([-/.])\d{1,2}\1\d{1,4}$/.test(expression);
  return EXPRESSION.test(expression) && HAS_OPERATION.test(expression) && !isDate ? expression : null;
}
