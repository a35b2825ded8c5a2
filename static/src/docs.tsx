// The API's description as a page of its own, for those who have no business with the dashboard.

import './styles/base.css';
import './styles/layout.css';
import './styles/parts.css';
import './styles/forms.css';
import './styles/pages.css';
import './styles/tools.css';

import { render } from 'preact';

import { followTheme } from './lib/theme';
import { ApiDocs } from './pages/api-docs';
import { Brand } from './parts/brand';

followTheme();
const root = document.getElementById('app');
if (root)
  render(
    <div class="alone">
      <header class="side-head">
        <Brand href="/dashboard" />
      </header>
      <main id="main">
        <ApiDocs />
      </main>
    </div>,
    root,
  );
