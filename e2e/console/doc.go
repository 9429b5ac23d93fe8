// Package console proves the web console in a real Chromium: every page and every act, at the width of a desk and of a phone, in
// both themes, with axe-core, without a script, and by keyboard alone.
//
// The tests carry the build tag e2e. e2e/console/run.sh installs what they need and demands that none is skipped;
// REEVE_SCREENSHOTS names a folder that keeps a picture of every page.
package console
