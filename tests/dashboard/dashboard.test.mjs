// The dashboard in a real browser. One process and one browser for all sections: they share a gateway
// whose chat backend has room for one model, so they take turns.
import './sections/units.mjs';
import './sections/login.mjs';
import './sections/foreign_pages.mjs';
import './sections/overview.mjs';
import './sections/models.mjs';
import './sections/catalog.mjs';
import './sections/voices.mjs';
import './sections/chat.mjs';
import './sections/speech.mjs';
import './sections/requests.mjs';
import './sections/finished.mjs';
import './sections/config.mjs';
import './sections/without-router.mjs';
import './sections/terminal.mjs';
import './sections/accessibility.mjs';
