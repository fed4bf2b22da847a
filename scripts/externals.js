// Packages with native code: they stay outside the bundles, and are installed beside them.
export const externals = ['koffi', 'usb', 'node-hid'];
