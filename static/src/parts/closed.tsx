import type { JSX } from 'preact';

import { messageOf } from '../lib/api';
import { Card, Page } from './ui';

/** What to do where the gateway shows the dashboard to nobody from here: no login could succeed. */
export function Closed({ reason }: { reason: Error }): JSX.Element {
  const port = location.port ? `:${location.port}` : '';
  return (
    <Page title="The dashboard is closed here" lead={messageOf(reason)}>
      <Card title="How to open it">
        <ol class="steps">
          <li>
            Give the gateway a token, in its environment:
            <pre class="settings">
              {'SYNAPSE_DASHBOARD_ACCESS_TOKEN=$(openssl rand -hex 24)'}
            </pre>
          </li>
          <li>Start it again, load this page anew, and log in with that token.</li>
        </ol>
        <p>
          On the machine itself it is open without one, at{' '}
          <code>
            {location.protocol}//127.0.0.1{port}/dashboard
          </code>
          , if the gateway listens on a loopback address.
        </p>
      </Card>
    </Page>
  );
}
