/** The hook that posts what a person does with a run or a migration. */
import { useState } from 'preact/hooks';
import { isAnything } from '../api/checks.ts';
import { type Failure, toFailure } from '../api/failure.ts';
import { usePage } from '../state/context.ts';

/** @param path of the run or migration */
export function useAction(path: string, action: string, onDone: () => void) {
  const { client } = usePage();
  const [failure, setFailure] = useState<Failure>();
  const [isBusy, setBusy] = useState(false);
  const act = async (body: unknown) => {
    setBusy(true);
    setFailure(undefined);
    try {
      await client.post(`${path}/${action}`, body, isAnything);
      onDone();
    } catch (error) {
      setFailure(toFailure(error));
    }
    setBusy(false);
  };
  return { act, failure, isBusy };
}
