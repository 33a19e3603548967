/** The parse tree, and how a node is written back in an error message. Source: Go text/template/parse/node.go. */
import { quoteString } from './quote.ts';
import type { NumberConstant } from './number.ts';

interface Located {
  /** Byte offset in the template. */
  readonly at: number;
}

export interface DotNode extends Located { readonly type: 'dot' }
export interface NilNode extends Located { readonly type: 'nil' }
export interface BoolNode extends Located { readonly type: 'bool'; readonly value: boolean }
export interface NumberNode extends Located { readonly type: 'number'; readonly text: string; readonly number: NumberConstant }
export interface StringNode extends Located { readonly type: 'string'; readonly quoted: string; readonly value: string }
/** `.A.B` */
export interface FieldNode extends Located { readonly type: 'field'; readonly names: readonly string[] }
/** `$x.A.B`; the first name carries its dollar sign. */
export interface VariableNode extends Located { readonly type: 'variable'; readonly names: readonly string[] }
/** `(pipeline).A.B` */
export interface ChainNode extends Located { readonly type: 'chain'; readonly node: Operand; readonly names: readonly string[] }
export interface FunctionNode extends Located { readonly type: 'function'; readonly name: string }

export type Operand =
  | DotNode | NilNode | BoolNode | NumberNode | StringNode | FieldNode | VariableNode | ChainNode | FunctionNode | PipeNode;

export interface CommandNode extends Located { readonly type: 'command'; readonly operands: readonly Operand[] }
export interface PipeNode extends Located {
  readonly type: 'pipe';
  readonly assigns: boolean;
  readonly variables: readonly VariableNode[];
  readonly commands: readonly CommandNode[];
}

export interface TextNode extends Located { readonly type: 'text'; readonly value: string }
export interface ActionNode extends Located { readonly type: 'action'; readonly pipe: PipeNode }
export interface JumpNode extends Located { readonly type: 'break' | 'continue' }
export interface BranchNode extends Located {
  readonly type: 'if' | 'with' | 'range';
  readonly pipe: PipeNode;
  readonly body: ListNode;
  readonly otherwise: ListNode | undefined;
}
export interface TemplateNode extends Located {
  readonly type: 'template';
  readonly name: string;
  readonly pipe: PipeNode | undefined;
}
export interface ListNode extends Located { readonly type: 'list'; readonly nodes: readonly Statement[] }

export type Statement = TextNode | ActionNode | JumpNode | BranchNode | TemplateNode;
export type Node = Operand | CommandNode | Statement | ListNode;

function pipeText(pipe: PipeNode): string {
  const variables = pipe.variables.map(nodeText).join(', ');
  return (variables === '' ? '' : `${variables} := `) + pipe.commands.map(nodeText).join(' | ');
}

function nestedText(node: Operand): string {
  return node.type === 'pipe' ? `(${pipeText(node)})` : nodeText(node);
}

function branchText(node: BranchNode): string {
  const otherwise = node.otherwise === undefined ? '' : `{{else}}${nodeText(node.otherwise)}`;
  return `{{${node.type} ${pipeText(node.pipe)}}}${nodeText(node.body)}${otherwise}{{end}}`;
}

/** A byte string. */
export function nodeText(node: Node): string {
  switch (node.type) {
    case 'dot': return '.';
    case 'nil': return 'nil';
    case 'bool': return String(node.value);
    case 'number': return node.text;
    case 'string': return node.quoted;
    case 'field': return node.names.map((name) => `.${name}`).join('');
    case 'variable': return node.names.join('.');
    case 'chain': return nestedText(node.node) + node.names.map((name) => `.${name}`).join('');
    case 'function': return node.name;
    case 'command': return node.operands.map(nestedText).join(' ');
    case 'pipe': return pipeText(node);
    case 'text': return node.value;
    case 'action': return `{{${pipeText(node.pipe)}}}`;
    case 'break': case 'continue': return `{{${node.type}}}`;
    case 'if': case 'with': case 'range': return branchText(node);
    case 'template': return `{{template ${quoteString(node.name)}${node.pipe === undefined ? '' : ` ${pipeText(node.pipe)}`}}}`;
    case 'list': return node.nodes.map(nodeText).join('');
  }
}
