/** The end of a form that starts work: why it was refused, and the button. */
import type { Failure } from '../../api/failure.ts';
import { Icon, type IconName } from '../../parts/icons.tsx';
import { FailureNotice } from '../../parts/notice.tsx';

export const SendBar = (props: {
  readonly failure: Failure | undefined;
  readonly isBusy: boolean;
  readonly icon: IconName;
  readonly text: string;
}) => (
  <>
    {props.failure && <FailureNotice failure={props.failure} />}
    <div class="send">
      <button type="submit" class="button primary large" disabled={props.isBusy}>
        <Icon name={props.icon} />
        {props.text}
      </button>
    </div>
  </>
);
