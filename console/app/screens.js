/** The screens by their path, and who may see them. */
import { t } from '../words/index.js';
import { may, user } from './api.js';
import { DeskScreen } from './desk/screen.js';
import { ApplicationsScreen, NewRequestScreen, RequestScreen, RequestsScreen, titleOf } from './requests/screens.js';
import { ImportScreen, ImportsScreen } from './imports/screens.js';
import { CoverageScreen, EventScreen, EventsScreen, ProgrammeScreen, StatisticsScreen } from './programme/screens.js';
import { ProjectScreen, ProjectsScreen, projectTitle } from './projects/screens.js';
import {
  DuplicateScreen, DuplicatesScreen, OpeningsScreen, OrganizationScreen, PeopleScreen, WorkerScreen,
} from './people/screens.js';
import { AdminScreen, isAdmin } from './admin/screens.js';
import { RankingScreen } from './ranking/screen.js';
import { NewRoundScreen, RoundScreen, RoundsScreen, TeamScreen, roundTitle } from './rounds/screens.js';
import { deliverable } from './ranking/store.js';

/** The worker that the user is. */
const own = () => user()?.user?.worker_id ?? '';
/** The organization that the user is of. */
const group = () => user()?.user?.organization_id ?? '';

/** The menu. */
export const SCREENS = [
  { path: '', title: () => t().menuItems.desk, isFor: () => may('tasks:read') },
  { path: 'requests', title: () => t().requests.title, isFor: () => may('deliverables:read') && !own() },
  { path: 'rounds', title: () => t().rounds.title, isFor: () => may('rounds:read') },
  { path: 'projects', title: () => t().projects.title, isFor: () => may('projects:read') },
  { path: 'programme', title: () => t().programme.title, isFor: () => may('programmes:read') },
  { path: 'openings', title: () => t().menuItems.openings, isFor: () => Boolean(own()) },
  { path: 'applications', title: () => t().menuItems.applications, isFor: () => may('applications:read') },
  { path: 'profile', title: () => t().menuItems.profile, isFor: () => Boolean(own() || group()) },
  { path: 'workers', title: () => t().menuItems.people, isFor: () => may('workers:read') && !own() && !group() },
  { path: 'imports', title: () => t().imports.title, isFor: () => may('imports:read') },
  { path: 'admin', title: () => t().menuItems.admin, isFor: isAdmin },
];

/** @param {string} path @returns {{key: string, menu: string, title: () => string, render: () => unknown}} */
export function screenOf(path) {
  const [where, id, more] = path.split('/');
  if (where === 'requests' && id &&
    more === 'ranking') return { key: path, menu: where, title: () => deliverable()?.title ?? t().rank.title,
    render: () => RankingScreen(id) };
  if (where === 'requests' && id &&
    more === 'team') return { key: path, menu: where, title: () => t().team.title, render: () => TeamScreen(id) };
  if (path === 'requests/new') return { key: path, menu: where, title: () => t().newRequest.title,
    render: NewRequestScreen };
  if (where === 'requests' && id) return { key: path, menu: where, title: titleOf, render: () => RequestScreen(id) };
  if (where === 'requests') return { key: where, menu: where, title: () => t().requests.title, render: RequestsScreen };
  if (path === 'rounds/new') return { key: path, menu: where, title: () => t().rounds.make, render: NewRoundScreen };
  if (where === 'rounds') return id ? { key: path, menu: where, title: roundTitle, render: () => RoundScreen(id) }
    : { key: where, menu: where, title: () => t().rounds.title, render: RoundsScreen };
  if (where === 'projects') return id ? { key: path, menu: where, title: projectTitle, render: () => ProjectScreen(id) }
    : { key: where, menu: where, title: () => t().projects.title, render: ProjectsScreen };
  if (where === 'programme') {
    const render = { events: more ? () => EventScreen(more) : EventsScreen, coverage: CoverageScreen,
      statistics: StatisticsScreen }[id] ??
      (() => ProgrammeScreen(id));
    return { key: path, menu: where,
      title: () => t().programme.parts[/** @type {'events'} */ (id)] ?? t().programme.title, render };
  }
  if (where === 'applications') return { key: where, menu: where, title: () => t().applications.title,
    render: ApplicationsScreen };
  if ((where === 'workers' && id && more === 'openings') ||
    (where === 'openings' && own())) return { key: path, menu: own() ? 'openings' : 'workers',
    title: () => t().openings.title, render: () => OpeningsScreen(id ?? own()) };
  if (where === 'profile' && (own() || group())) return { key: path, menu: where, title: () => t().menuItems.profile,
    render: () => (own() ? WorkerScreen(own()) : OrganizationScreen(group())) };
  if (where === 'workers' ||
    where === 'organizations') return id
    ? { key: path, menu: 'workers', title: () => t().menuItems.people,
    render: () => (where === 'workers' ? WorkerScreen(id) : OrganizationScreen(id)) }
    : { key: where, menu: 'workers', title: () => t().menuItems.people, render: () => PeopleScreen(where) };
  if (where === 'duplicates') return { key: path, menu: 'workers', title: () => t().duplicates.title,
    render: id ? () => DuplicateScreen(id) : DuplicatesScreen };
  if (where === 'admin') return { key: path, menu: where, title: () => t().menuItems.admin,
    render: () => AdminScreen(id ?? 'users', more) };
  if (where === 'imports') return { key: path, menu: where, title: () => t().imports.title,
    render: id ? () => ImportScreen(id) : ImportsScreen };
  /** Who has no tasks begins with the first place of the menu. */
  const first = SCREENS.find((one) => one.isFor())?.path;
  return user() && first ? screenOf(first) : { key: '', menu: '', title: () => t().desk.title, render: DeskScreen };
}
