import { extname } from 'node:path';
import ts from 'typescript';

const OTHER_OPERATOR = new Map([
  [ts.SyntaxKind.LessThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '<'],
  [ts.SyntaxKind.GreaterThanToken, '>='],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>'],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, '!=='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, '==='],
  [ts.SyntaxKind.AmpersandAmpersandToken, '||'],
  [ts.SyntaxKind.BarBarToken, '&&'],
]);

const OTHER_LUA = new Map([
  ['<=', '<'],
  ['>=', '>'],
  ['<', '<='],
  ['>', '>='],
  ['==', '~='],
  ['~=', '=='],
  ['and', 'or'],
  ['or', 'and'],
]);
/** A line that does nothing but call; a comparison, with what stands around it, so that no arrow is taken. */
const LUA_CALL = /^[ \t]*(?:redis\.p?call|[a-z]\w*)\([^\n]*\)$/gm;
const LUA_OPERATOR = /(?<=[\w)'] )(<=|>=|==|~=|<|>|and|or)(?= [\w('-])/g;

/**
 * Every single change of a compiled file that its tests should notice.
 * @returns each as `{ kind, line, from, start, end, replacement }`.
 */
export function mutationsOf(path, source) {
  if (extname(path) === '.lua') return luaMutationsOf(source);
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
  const found = [];
  const add = (kind, start, end, replacement) => {
    const line = file.getLineAndCharacterOfPosition(start).line + 1;
    const from = source.slice(start, end).replaceAll(/\s+/g, ' ').slice(0, 80);
    found.push({ kind, line, from, start, end, replacement });
  };
  const replace = (kind, node, replacement) => add(kind, node.getStart(file), node.end, replacement);
  /** An equation is turned round as the operator that it is. */
  const negate = (condition) => {
    if (ts.isBinaryExpression(condition) && isEquation(condition.operatorToken.kind)) return;
    replace('condition negated', condition, `!(${condition.getText(file)})`);
  };

  function visit(node) {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    if (ts.isBinaryExpression(node)) {
      const other = OTHER_OPERATOR.get(node.operatorToken.kind);
      if (other !== undefined) replace('operator changed', node.operatorToken, other);
    } else if (ts.isIfStatement(node) || ts.isWhileStatement(node)) {
      negate(node.expression);
    } else if (ts.isConditionalExpression(node)) {
      negate(node.condition);
    } else if (ts.isAwaitExpression(node)) {
      replace('await dropped', node, node.expression.getText(file));
    } else if (ts.isNumericLiteral(node)) {
      replace('number off by one', node, `(${node.getText(file)} + 1)`);
    } else if (isStatementOfCall(node)) {
      replace('call removed', node, ';');
    }
    if (ts.isFunctionLike(node) && !ts.isConstructorDeclaration(node) && node.body !== undefined) {
      const { body } = node;
      const isOneCall =
        ts.isBlock(body) && body.statements.length === 1 && isStatementOfCall(body.statements[0]);
      if (ts.isBlock(body) && body.statements.length > 0 && !isOneCall) {
        const at = body.statements[0].getStart(file);
        add('early return', at, at, 'return; ');
      }
    }
    ts.forEachChild(node, visit);
  }
  visit(file);
  return found;
}

function luaMutationsOf(source) {
  const found = [];
  const add = (kind, index, from, replacement) => {
    const line = source.slice(0, index).split('\n').length;
    found.push({
      kind,
      line,
      from: from.trim().slice(0, 80),
      start: index,
      end: index + from.length,
      replacement,
    });
  };
  for (const { 0: call, index } of source.matchAll(LUA_CALL)) add('Lua call removed', index, call, '');
  const isComment = (index) => /^[ \t]*--/.test(source.slice(source.lastIndexOf('\n', index) + 1));
  for (const { 0: operator, index } of source.matchAll(LUA_OPERATOR)) {
    if (!isComment(index)) add('Lua operator changed', index, operator, OTHER_LUA.get(operator));
  }
  return found;
}

function isEquation(kind) {
  return (
    kind === ts.SyntaxKind.EqualsEqualsEqualsToken || kind === ts.SyntaxKind.ExclamationEqualsEqualsToken
  );
}

/** A call whose result nobody takes; the parent's constructor and decorators aside, without which nothing loads. */
function isStatementOfCall(node) {
  if (!ts.isExpressionStatement(node)) return false;
  const { expression } = node;
  const inner =
    ts.isAwaitExpression(expression) || ts.isVoidExpression(expression) ? expression.expression : expression;
  return (
    ts.isCallExpression(inner) &&
    inner.expression.kind !== ts.SyntaxKind.SuperKeyword &&
    !inner.expression.getText().startsWith('__')
  );
}

export function mutate(source, { start, end, replacement }) {
  return source.slice(0, start) + replacement + source.slice(end);
}
