//! Sets up the addon's linking, `-z nodelete` included.

fn main() {
    napi_build::setup();
}
