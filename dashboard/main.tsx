/**
 * Starts the page; puts the settings on the document first, so that nothing flashes in the wrong
 * colours.
 */
import { render } from 'preact';
import { App } from './app.tsx';
import { applySettings } from './state/settings.ts';

performance.mark('waybill:start');
applySettings(document.documentElement);
const root = document.getElementById('app');
if (root) render(<App />, root);
