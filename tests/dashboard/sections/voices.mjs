import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import {
  base,
  browserTest,
  canPlay,
  openSection,
  soundFile,
  speech,
} from '../support/dashboard.mjs';

// Names of its own: the library may keep what an earlier, broken run left.
const uploaded = `Uploaded ${randomUUID()}`;
const recorded = `Recorded ${randomUUID()}`;
const library = async () => (await fetch(`${base}/voices`)).json();

browserTest('a voice is uploaded, played, spoken with and deleted', {}, async (page) => {
  await openSection(page, 'voices', 'Voices');
  await page.getByRole('button', { name: 'New voice' }).click();
  const dialog = page.getByRole('dialog', { name: 'New voice' });
  await dialog.getByLabel('Name').fill(uploaded);
  await dialog.getByLabel('References').setInputFiles(soundFile());
  await dialog.getByRole('button', { name: 'Create' }).click();
  const card = page.getByRole('region', { name: uploaded, exact: true });
  await card.waitFor();

  await card.getByRole('button', { name: /^Play ref_001/ }).click();
  await canPlay(card.getByLabel(`ref_001.wav of ${uploaded}`, { exact: true }));

  await card.getByText('Speak a sample').click();
  await card.getByRole('button', { name: 'Speak', exact: true }).click();
  await canPlay(card.getByLabel(`Sample of ${uploaded}`));

  await card.getByRole('button', { name: `Delete ${uploaded}` }).click();
  const question = page.getByRole('dialog', { name: `Delete ${uploaded}?` });
  await question.getByRole('button', { name: 'Keep' }).click();
  await card.getByRole('button', { name: `Delete ${uploaded}` }).click();
  await question.getByRole('button', { name: 'Delete voice' }).click();
  await card.waitFor({ state: 'detached' });
  assert.ok(!(await library()).some((voice) => voice.name === uploaded));
});

browserTest(
  'a voice is recorded with the microphone, and gets a dropped reference',
  {},
  async (page) => {
    await openSection(page, 'voices', 'Voices');
    await page.getByRole('button', { name: 'New voice' }).click();
    const dialog = page.getByRole('dialog', { name: 'New voice' });
    await dialog.getByLabel('Name').fill(recorded);
    await dialog.getByRole('button', { name: 'Record' }).click();
    await dialog.getByText(/^[1-9]\.\d s$/).waitFor();
    await dialog.getByRole('button', { name: 'Stop recording' }).click();
    await dialog.getByText(/^recording-.*\.wav$/).waitFor();
    await dialog.getByRole('button', { name: 'Create' }).click();
    const card = page.getByRole('region', { name: recorded, exact: true });
    await card.waitFor();
    await card.getByRole('button', { name: /^Play ref_001/ }).click();
    await canPlay(card.getByLabel(`ref_001.wav of ${recorded}`, { exact: true }));

    await card.getByRole('button', { name: `Add references to ${recorded}` }).click();
    const more = page.getByRole('dialog', { name: `Add to ${recorded}` });
    const sound = await speech('One more.');
    const transfer = await page.evaluateHandle(
      (bytes) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], 'more.wav', { type: 'audio/wav' }));
        return data;
      },
      [...sound],
    );
    await more.locator('.drop').dispatchEvent('drop', { dataTransfer: transfer });
    await more.getByText('more.wav', { exact: true }).waitFor();
    await more.getByRole('button', { name: 'Add', exact: true }).click();
    await card.getByText('2 references').waitFor();
    for (const voice of await library())
      if (voice.name === recorded)
        await fetch(`${base}/voices/${voice.voice_id}`, { method: 'DELETE' });
  },
);

browserTest('a file that is no WAV is refused in words', { expected: /400/ }, async (page) => {
  await openSection(page, 'voices', 'Voices');
  await page.getByRole('button', { name: 'New voice' }).click();
  const dialog = page.getByRole('dialog', { name: 'New voice' });
  await dialog.getByLabel('Name').fill('No voice');
  await dialog.getByLabel('References').setInputFiles({
    name: 'no.wav',
    mimeType: 'audio/wav',
    buffer: Buffer.from('no recording'.repeat(20)),
  });
  await dialog.getByRole('button', { name: 'Create' }).click();
  await dialog
    .getByRole('alert')
    .getByText(/no\.wav/)
    .waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
});
