import { browserTest, canPlay, openSection, sentence, soundFile } from '../support/dashboard.mjs';

const chooseSound = (page) =>
  page
    .getByLabel('Recording', { exact: true })
    .and(page.locator('input'))
    .setInputFiles(soundFile());

browserTest('a text is spoken', {}, async (page) => {
  await openSection(page, 'playground/speak', 'Playground');
  await page.getByLabel('Text').fill(sentence);
  await page.getByRole('button', { name: 'Speak' }).click();
  await canPlay(page.getByLabel('Speech', { exact: true }));
});

browserTest('a recording is transcribed', {}, async (page) => {
  await openSection(page, 'playground/transcribe', 'Playground');
  await chooseSound(page);
  await page.getByRole('button', { name: 'Transcribe' }).click();
  await page
    .getByRole('region', { name: 'What was said' })
    .getByRole('status')
    .getByText(/quick brown fox/)
    .waitFor();
});

browserTest('what the microphone hears is transcribed', {}, async (page) => {
  await openSection(page, 'playground/transcribe', 'Playground');
  await page.getByRole('button', { name: 'Record', exact: true }).click();
  await page.getByText(/^3\.\d s$/).waitFor();
  await page.getByRole('button', { name: 'Stop recording' }).click();
  await page.getByRole('button', { name: 'Transcribe' }).click();
  await page
    .getByRole('region', { name: 'What was said' })
    .getByRole('status')
    .getByText(/fox|dog|quick|brown/)
    .waitFor();
});

browserTest('who speaks when is a timeline and a table', {}, async (page) => {
  await openSection(page, 'playground/diarize', 'Playground');
  await chooseSound(page);
  await page.getByRole('button', { name: 'Diarize' }).click();
  await page.getByRole('img', { name: /^Timeline of 1 speaker/ }).waitFor();
  await page.getByRole('table', { name: 'Turns' }).getByText('SPEAKER_00').first().waitFor();
});

browserTest('a recording is denoised, with players for before and after', {}, async (page) => {
  await openSection(page, 'playground/denoise', 'Playground');
  await chooseSound(page);
  await page.getByRole('button', { name: 'Denoise' }).click();
  await canPlay(page.getByLabel('Before', { exact: true }));
  await canPlay(page.getByLabel('After', { exact: true }));
});
