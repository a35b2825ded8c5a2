import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

import { ApiError, messageOf } from '../lib/api';
import { clock } from '../lib/format';
import { Icon, type IconName } from './icons';

export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'idle';

export function Page(props: {
  title: string;
  lead?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <>
      <header class="page-head">
        <div>
          <h1 tabIndex={-1}>{props.title}</h1>
          {props.lead && <p class="lead">{props.lead}</p>}
        </div>
        {props.actions && <div class="actions">{props.actions}</div>}
      </header>
      {props.children}
    </>
  );
}

export function Card(props: {
  title?: ComponentChildren;
  actions?: ComponentChildren;
  class?: string;
  children: ComponentChildren;
}): JSX.Element {
  const id = useId();
  return (
    <section class={`card ${props.class ?? ''}`} aria-labelledby={props.title ? id : undefined}>
      {props.title && (
        <header class="card-head">
          <h2 id={id}>{props.title}</h2>
          {props.actions && <div class="actions">{props.actions}</div>}
        </header>
      )}
      {props.children}
    </section>
  );
}

/** A state in words; the colour only repeats it. */
export function Badge({
  tone,
  children,
}: {
  tone: Tone;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <span class={`badge ${tone}`}>
      <span class="dot" aria-hidden="true" />
      {children}
    </span>
  );
}

type ButtonProps = {
  icon?: IconName;
  kind?: 'primary' | 'danger' | 'plain';
  type?: 'button' | 'submit';
  disabled?: boolean;
  label?: string;
  pressed?: boolean;
  onClick?: () => void;
  children?: ComponentChildren;
};

/** `label` names a button whose text alone says too little, or that has only an icon. */
export function Button(props: ButtonProps): JSX.Element {
  const {
    icon,
    kind = 'plain',
    type = 'button',
    disabled,
    label,
    pressed,
    onClick,
    children,
  } = props;
  return (
    <button
      type={type}
      class={`button ${kind} ${children ? '' : 'only-icon'}`}
      disabled={disabled}
      aria-label={label}
      aria-pressed={pressed}
      title={children ? undefined : label}
      onClick={onClick}
    >
      {icon && <Icon name={icon} />}
      {children && <span>{children}</span>}
    </button>
  );
}

/** `since`: what is shown beside it came then; milliseconds since 1970. */
export function ErrorNote({
  error,
  since = 0,
  onClose,
}: {
  error: unknown;
  since?: number;
  onClose?: () => void;
}): JSX.Element | null {
  if (!error) return null;
  const id = error instanceof ApiError ? error.requestId : '';
  return (
    <div class="note bad" role="alert">
      <div>
        <strong>{messageOf(error)}</strong>
        {id && <span class="muted"> request {id}</span>}
        {since > 0 && <span> What is shown is of {clock(since)}.</span>}
      </div>
      {onClose && <Button icon="close" label="Dismiss the error" onClick={onClose} />}
    </div>
  );
}

export function Note({
  tone = 'info',
  children,
}: {
  tone?: Tone;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <div class={`note ${tone}`}>
      <div>{children}</div>
    </div>
  );
}

export function Empty({ children }: { children: ComponentChildren }): JSX.Element {
  return <p class="empty">{children}</p>;
}

export function Loading({ what }: { what: string }): JSX.Element {
  return <p class="empty">Loading {what} …</p>;
}

/** `wide`: left out where there is no room for it, as its cells are with the class wide-only. */
type Column = { label: string; numeric?: boolean; hidden?: boolean; wide?: boolean };

/** Wide tables scroll inside, so that the page never does; the keyboard reaches them for that. */
export function Table(props: {
  caption: string;
  showCaption?: boolean;
  columns: Column[];
  children: ComponentChildren;
}): JSX.Element {
  return (
    <div class="table-wrap" role="region" aria-label={props.caption} tabIndex={0}>
      <table>
        <caption class={props.showCaption ? '' : 'visually-hidden'}>{props.caption}</caption>
        <thead>
          <tr>
            {props.columns.map((column) => (
              <th
                key={column.label}
                scope="col"
                class={`${column.numeric ? 'numeric' : ''} ${column.wide ? 'wide-only' : ''}`}
              >
                {column.hidden ? <span class="visually-hidden">{column.label}</span> : column.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{props.children}</tbody>
      </table>
    </div>
  );
}

export function Field(props: {
  label: string;
  aside?: ComponentChildren;
  hint?: ComponentChildren;
  class?: string;
  children: (id: string, hintId: string | undefined) => ComponentChildren;
}): JSX.Element {
  const id = useId();
  const hintId = props.hint ? `${id}-hint` : undefined;
  return (
    <div class={`field ${props.class ?? ''}`}>
      <div class="field-head">
        <label for={id}>{props.label}</label>
        {props.aside}
      </div>
      {props.children(id, hintId)}
      {props.hint && (
        <p class="hint" id={hintId}>
          {props.hint}
        </p>
      )}
    </div>
  );
}

export function SearchField(props: {
  value: string;
  onChange: (value: string) => void;
}): JSX.Element {
  return (
    <Field label="Search">
      {(id) => (
        <input
          id={id}
          type="search"
          value={props.value}
          onInput={(event) => props.onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

type Choice = { value: string; label: string };

export function Select(props: {
  label: string;
  value: string;
  choices: Choice[];
  hint?: string;
  onChange: (value: string) => void;
}): JSX.Element {
  return (
    <Field label={props.label} hint={props.hint}>
      {(id, hintId) => (
        <select
          id={id}
          aria-describedby={hintId}
          value={props.value}
          onChange={(event) => props.onChange(event.currentTarget.value)}
        >
          {props.choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** The browser's own dialog keeps the focus inside, closes with Escape and gives the focus back. */
export function Dialog(props: {
  open: boolean;
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}): JSX.Element {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = element.current;
    if (!dialog) return;
    if (props.open && !dialog.open) dialog.showModal();
    if (!props.open && dialog.open) dialog.close();
  }, [props.open]);
  return (
    <dialog ref={element} aria-labelledby={id} onClose={props.onClose}>
      {props.open && (
        <>
          <header class="card-head">
            <h2 id={id}>{props.title}</h2>
            <Button icon="close" label="Close" onClick={props.onClose} />
          </header>
          {props.children}
        </>
      )}
    </dialog>
  );
}

export function Confirm(props: {
  open: boolean;
  title: string;
  action: string;
  busy: boolean;
  error: unknown;
  onConfirm: () => void;
  onClose: () => void;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <Dialog open={props.open} title={props.title} onClose={props.onClose}>
      <p>{props.children}</p>
      <ErrorNote error={props.error} />
      <div class="actions end">
        <Button onClick={props.onClose}>Keep</Button>
        <Button kind="danger" icon="trash" disabled={props.busy} onClick={props.onConfirm}>
          {props.action}
        </Button>
      </div>
    </Dialog>
  );
}

/** Says what happened to those who do not see it. */
export function Status({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <p class="visually-hidden" role="status">
      {children}
    </p>
  );
}

export function Meter({
  label,
  value,
  max,
}: {
  label: string;
  value: number;
  max: number;
}): JSX.Element {
  return <progress aria-label={label} value={Math.min(value, max)} max={max} />;
}
