export { type GitSite, openGitSite } from './git-site.ts';
export { type Certificate, makeCertificate } from './self-signed.ts';
export { openSite, openTlsSite, type Site } from './sites.ts';
