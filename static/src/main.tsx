import 'uplot/dist/uPlot.min.css';

import './styles/base.css';
import './styles/layout.css';
import './styles/parts.css';
import './styles/forms.css';
import './styles/pages.css';
import './styles/tools.css';

import { render } from 'preact';

import { followTheme } from './lib/theme';
import { Shell } from './shell';

followTheme();
const root = document.getElementById('app');
if (root) render(<Shell />, root);
