/** Signing in: the token is sent once; the browser keeps a cookie that scripts cannot read. */
import { useSignal } from "@preact/signals";
import { hasSessionEnded, messageOf, signIn } from "../api.ts";

export function SignIn() {
  const error = useSignal<string | null>(null);
  const isBusy = useSignal(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget;
    if (!(form instanceof HTMLFormElement)) return;
    const token = new FormData(form).get("token");
    isBusy.value = true;
    error.value = null;
    try {
      await signIn(typeof token === "string" ? token.trim() : "");
    } catch (reason) {
      error.value = messageOf(reason);
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <main class="sign-in">
      <form class="card" onSubmit={(event) => void submit(event)}>
        <h1>Attribution</h1>
        <p class="quiet">Coherence and drift of the identities that a honeypot sees.</p>
        {hasSessionEnded.value && <p role="status">Your session has ended. Sign in again to go on here.</p>}
        <label for="token">Token</label>
        <input
          id="token"
          name="token"
          type="password"
          required
          autocomplete="current-password"
          aria-describedby="token-hint"
          aria-invalid={error.value !== null}
        />
        <p id="token-hint" class="quiet small">
          One with the scope <code>read</code> or <code>admin</code>. It is sent once and not kept.
        </p>
        {error.value !== null && (
          <p class="wrong" role="alert">
            {error.value}
          </p>
        )}
        <button type="submit" class="primary" disabled={isBusy.value}>
          {isBusy.value ? "Signing in …" : "Sign in"}
        </button>
      </form>
    </main>
  );
}
