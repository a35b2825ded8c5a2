import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import { Feed, type FeedState, type Line, maxLines, sampleLines } from '../lib/feed';
import { logTime, number, plural } from '../lib/format';
import {
  Badge,
  Button,
  Empty,
  Loading,
  Note,
  Page,
  SearchField,
  Select,
  type Tone,
} from '../parts/ui';
import type { PageProps } from './page-props';

const levels = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'];
const stateTone: Record<FeedState, Tone> = {
  connecting: 'info',
  live: 'good',
  reconnecting: 'warn',
  closed: 'bad',
};

function Marked({ text, search }: { text: string; search: string }): JSX.Element {
  const parts: (string | JSX.Element)[] = [];
  const lower = text.toLowerCase();
  let from = 0;
  for (let at = search ? lower.indexOf(search) : -1; at >= 0; at = lower.indexOf(search, from)) {
    parts.push(text.slice(from, at), <mark>{text.slice(at, at + search.length)}</mark>);
    from = at + search.length;
  }
  return (
    <>
      {parts}
      {text.slice(from)}
    </>
  );
}

/** Of `key=value` lines, such as the access log's, the values stand out. */
function Text({ text, search }: { text: string; search: string }): JSX.Element {
  const parts = text.split(/(?<=^|\s)([a-z_]+=)/);
  return (
    <>
      {parts.map((part, i) =>
        i % 2 === 1 ? <span class="muted">{part}</span> : <Marked text={part} search={search} />,
      )}
    </>
  );
}

function LineView({
  line,
  search,
  showInstance,
}: {
  line: Line;
  search: string;
  showInstance: boolean;
}): JSX.Element {
  // Two thousand of them stand here: those that stay as they are must cost next to nothing.
  return useMemo(
    () => (
      <div class={`line ${line.level.toLowerCase()}`}>
        <span class="line-time">{logTime(line.ts)}</span>{' '}
        <span class="line-level">{line.level}</span>{' '}
        {showInstance && <span class="line-source">{line.instance} </span>}
        <span class="line-source">{line.source}</span>{' '}
        <span class="line-text">
          <Text text={line.message} search={search} />
        </span>
      </div>
    ),
    [line, search, showInstance],
  );
}

type LogProps = {
  lines: Line[];
  search: string;
  follow: boolean;
  onFollow: (follow: boolean) => void;
};

function Log({ lines, search, follow, onFollow }: LogProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const showInstance = useMemo(() => new Set(lines.map((line) => line.instance)).size > 1, [lines]);
  useEffect(() => {
    if (follow && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines, follow]);
  // Who scrolls up reads; who scrolls back to the end follows again.
  const onScroll = () => {
    const element = box.current;
    if (!element) return;
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 24;
    if (atEnd !== follow) onFollow(atEnd);
  };
  return (
    <div
      ref={box}
      class="log"
      role="region"
      aria-label="Log lines"
      tabIndex={0}
      onScroll={onScroll}
    >
      {lines.length === 0 && <Empty>No lines to show.</Empty>}
      {lines.map((line) => (
        <LineView key={line.key} line={line} search={search} showInstance={showInstance} />
      ))}
    </div>
  );
}

function SourceFilter({
  sources,
  hidden,
  onToggle,
}: {
  sources: string[];
  hidden: Set<string>;
  onToggle: (source: string) => void;
}): JSX.Element {
  return (
    <fieldset class="chips">
      <legend>Sources</legend>
      {sources.map((source) => (
        <label key={source} class="chip">
          <input type="checkbox" checked={!hidden.has(source)} onChange={() => onToggle(source)} />
          {source}
        </label>
      ))}
      {sources.length === 0 && <span class="muted small">none yet</span>}
    </fieldset>
  );
}

/** The feed while it is live; a new one with every level, because the gateway leaves out the rest. */
function useFeed(live: boolean, level: string): Feed {
  const [, setTick] = useState(0);
  const feed = useMemo(() => new Feed(() => setTick((tick) => tick + 1)), []);
  useEffect(() => {
    if (!live) return;
    feed.open(level);
    return () => feed.close();
  }, [feed, live, level]);
  return feed;
}

export function Terminal({ session, path }: PageProps): JSX.Element {
  const asked = path[0] ?? ''; // a request, whose lines are wanted
  const [level, setLevel] = useState('INFO');
  const [search, setSearch] = useState(asked);
  useEffect(() => setSearch(asked), [asked]);
  const [hidden, setHidden] = useState<Set<string>>(new Set());
  const [follow, setFollow] = useState(true);
  const live = session?.feed_mode === 'live';
  const feed = useFeed(live, level);
  const known = useRef(new Set<string>());

  if (!session)
    return (
      <Page title="Terminal">
        <Loading what="the session" />
      </Page>
    );
  const all = live ? feed.lines : sampleLines(session.instance);
  for (const line of all) known.current.add(line.source);
  const wanted = search.trim().toLowerCase();
  const lines = all.filter(
    (line) =>
      !hidden.has(line.source) &&
      levels.indexOf(line.level) >= levels.indexOf(level) &&
      (wanted === '' ||
        `${line.source} ${line.message} ${line.instance}`.toLowerCase().includes(wanted)),
  );
  const toggle = (source: string) => {
    const next = new Set(hidden);
    if (!next.delete(source)) next.add(source);
    setHidden(next);
  };
  return (
    <Page
      title="Terminal"
      lead="What the gateway logs, secrets left out"
      actions={
        live ? (
          <Badge tone={stateTone[feed.state]}>{feed.state}</Badge>
        ) : (
          <Badge tone="warn">sample lines</Badge>
        )
      }
    >
      {!live && (
        <Note tone="warn">
          <strong>These lines are samples, not your gateway’s.</strong> The live feed is off;{' '}
          <code>SYNAPSE_TERMINAL_FEED_MODE=live</code> turns it on.
        </Note>
      )}
      <div class="toolbar">
        <Select
          label="Level"
          value={level}
          onChange={setLevel}
          choices={levels.map((one) => ({
            value: one,
            label: one === 'CRITICAL' ? one : `${one} and above`,
          }))}
        />
        <SearchField value={search} onChange={setSearch} />
        <div class="actions">
          {live && (
            <Button
              icon={feed.paused ? 'play' : 'pause'}
              pressed={feed.paused}
              onClick={() => feed.setPaused(!feed.paused)}
            >
              {feed.paused ? `Paused, ${number(feed.waiting.length)} waiting` : 'Pause'}
            </Button>
          )}
          <Button icon="down" pressed={follow} onClick={() => setFollow(!follow)}>
            Follow
          </Button>
          {live && (
            <Button icon="trash" onClick={() => feed.clear()}>
              Clear
            </Button>
          )}
          {live && feed.state === 'closed' && (
            <Button onClick={() => feed.open(level)}>Connect again</Button>
          )}
        </div>
        <SourceFilter sources={[...known.current].sort()} hidden={hidden} onToggle={toggle} />
      </div>
      {asked && search === asked && (
        <Note>
          Lines of request <code>{asked}</code>
          {lines.length === 0 && '. There are none among those that are still kept'}.{' '}
          <a href="#/terminal">All lines</a>
        </Note>
      )}
      <Log lines={lines} search={wanted} follow={follow && !feed.paused} onFollow={setFollow} />
      <p class="muted small log-foot">
        {plural(lines.length, 'line')} shown of {number(all.length)}; the last {number(maxLines)}{' '}
        are kept.
        <span class={feed.lost > 0 ? 'lost' : ''}> {number(feed.lost)} dropped.</span>
      </p>
    </Page>
  );
}
