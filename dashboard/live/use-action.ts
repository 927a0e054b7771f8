/** The hooks that send what a person asks for. */
import { useState } from 'preact/hooks';
import { isAnything } from '../api/checks.ts';
import { type Failure, toFailure } from '../api/failure.ts';
import { usePage } from '../state/context.ts';

export function useRequest<Input>(send: (input: Input) => Promise<void>) {
  const [failure, setFailure] = useState<Failure>();
  const [isBusy, setBusy] = useState(false);
  const request = async (input: Input) => {
    setBusy(true);
    setFailure(undefined);
    try {
      await send(input);
    } catch (error) {
      setFailure(toFailure(error));
    }
    setBusy(false);
  };
  return { request, failure, isBusy };
}

/**
 * Posts an action on a run or a migration.
 *
 * @param path of the run or migration
 */
export function useAction(path: string, action: string, onDone: () => void) {
  const { client } = usePage();
  const { request, ...rest } = useRequest(async (body: unknown) => {
    await client.post(`${path}/${action}`, body, isAnything);
    onDone();
  });
  return { act: request, ...rest };
}
