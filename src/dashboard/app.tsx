/** The frame of every page: navigation, session and connection; and which page an address shows. */
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { messageOf, readSession, session, signOut } from "./api.ts";
import { connection, followSession } from "./live.ts";
import { DeadLetters } from "./pages/dead-letters.tsx";
import { Identities } from "./pages/identities.tsx";
import { IdentityPage } from "./pages/identity.tsx";
import { Jobs } from "./pages/jobs.tsx";
import { Overview } from "./pages/overview.tsx";
import { SignIn } from "./pages/sign-in.tsx";
import { Empty, Failed, Loading } from "./parts/notice.tsx";
import { followLink, url } from "./route.ts";
import { changeTheme, theme } from "./theme.ts";

const UUID = /^\/identity\/([0-9a-fA-F-]{32,36})$/;

export function App() {
  const error = useSignal<string | null>(null);
  const look = () => {
    error.value = null;
    readSession().catch((reason: unknown) => {
      error.value = messageOf(reason);
    });
  };
  useEffect(() => {
    look();
    return followSession();
  }, []);
  if (error.value !== null) {
    return (
      <main>
        <Failed message={error.value} retry={look} />
      </main>
    );
  }
  if (session.value === undefined) {
    return (
      <main>
        <Loading what="the dashboard" />
      </main>
    );
  }
  if (session.value === null) return <SignIn />;
  const { scopes } = session.value;
  const isAdmin = scopes.includes("admin");
  const mayRead = scopes.includes("read");
  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- links of every page are followed here
    <div class="frame" onClick={followLink}>
      <a class="skip" href="#content" data-outside>
        Skip to the content
      </a>
      <TopBar scope={isAdmin ? "admin" : scopes.join(" and ")} isAdmin={isAdmin} mayRead={mayRead} />
      {connection.value === "lost" && (
        <p class="banner banner-lost" role="status">
          <strong>Disconnected.</strong> What is shown may be out of date; reconnecting …
        </p>
      )}
      <main id="content" tabIndex={-1}>
        {mayRead ? <Page isAdmin={isAdmin} /> : <NoRead />}
      </main>
    </div>
  );
}

function Page({ isAdmin }: { isAdmin: boolean }) {
  const { pathname } = url.value;
  const uuid = UUID.exec(pathname)?.[1];
  useEffect(() => {
    document.title = `${titleOf(pathname)} · Attribution`;
  }, [pathname]);
  if (uuid !== undefined) return <IdentityPage key={uuid} uuid={uuid} />;
  if (pathname === "/") return <Identities />;
  if (pathname === "/overview") return <Overview />;
  if (pathname === "/dead-letters" || pathname === "/jobs") {
    if (!isAdmin)
      return <Empty title="This needs the scope admin.">Sign in with another token to see it.</Empty>;
    return pathname === "/jobs" ? <Jobs /> : <DeadLetters />;
  }
  return <Empty title="There is no such page.">Its address may have been cut short.</Empty>;
}

function titleOf(pathname: string): string {
  if (pathname.startsWith("/identity/")) return `Identity ${pathname.slice(10, 18)}`;
  return PAGES.find(({ path }) => path === pathname)?.name ?? "No such page";
}

const PAGES = [
  { path: "/", name: "Identities", isAdmins: false },
  { path: "/overview", name: "Overview", isAdmins: false },
  { path: "/dead-letters", name: "Dead letters", isAdmins: true },
  { path: "/jobs", name: "Jobs", isAdmins: true },
];

function TopBar({ scope, isAdmin, mayRead }: { scope: string; isAdmin: boolean; mayRead: boolean }) {
  const { pathname } = url.value;
  const isDark = theme.value === "dark";
  const words = { connecting: "connecting", live: "live", lost: "offline" }[connection.value];
  return (
    <header class="top">
      <a class="brand" href="/">
        Attribution
      </a>
      <nav aria-label="Pages">
        {PAGES.filter(({ isAdmins }) => isAdmin || !isAdmins).map(({ path, name }) => (
          <a key={path} href={path} aria-current={path === pathname ? "page" : undefined}>
            {name}
          </a>
        ))}
      </nav>
      {mayRead && (
        <span class="live" data-connection={connection.value} role="status">
          <i aria-hidden="true" />
          {words}
        </span>
      )}
      <span class="scope" title="What this session may do">
        <span class="scope-word">scope </span>
        <b>{scope}</b>
      </span>
      <button type="button" onClick={changeTheme} aria-label={isDark ? "Light theme" : "Dark theme"}>
        {isDark ? "☀" : "☾"}
      </button>
      <button type="button" onClick={() => void signOut()}>
        Sign out
      </button>
    </header>
  );
}

function NoRead() {
  return (
    <Empty title="This token may send, but not read.">
      Sign out, and in again with a token of the scope read or admin.
    </Empty>
  );
}
