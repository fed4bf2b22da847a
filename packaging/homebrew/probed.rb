# Homebrew formula of probed. To publish: put it into a tap, with the address and the checksum of a released package
# (npm view probed@VERSION dist.tarball; curl -L ADDRESS | shasum -a 256). Not tried on a Mac yet.
class Probed < Formula
  desc "Serves USB debug probes on the network, for pyOCD"
  homepage "https://www.npmjs.com/package/probed"
  url "https://registry.npmjs.org/probed/-/probed-0.1.0.tgz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "Apache-2.0"

  depends_on "node"

  def install
    system "npm", "install", *std_npm_args
    bin.install_symlink libexec.glob("bin/*")
    man8.install_symlink libexec/"lib/node_modules/probed/packaging/man/probed.8"
    man1.install_symlink libexec/"lib/node_modules/probed/packaging/man/probectl.1"
    man5.install_symlink libexec/"lib/node_modules/probed/packaging/man/probed.toml.5"
    generate_completions_from_executable(bin/"probectl", "completion", shells: [:bash, :zsh, :fish])
    (etc/"probed").install "etc/probed.toml" unless (etc/"probed/probed.toml").exist?
  end

  def post_install
    (var/"lib/probed").mkpath
    (var/"run/probed").mkpath
  end

  # As launchd/io.github.probed.plist.
  service do
    run opt_bin/"probed"
    keep_alive successful_exit: false
    environment_variables PATH: std_service_path_env, HOMEBREW_PREFIX: HOMEBREW_PREFIX
    throttle_interval 10
    process_type :interactive
    log_path var/"log/probed.log"
    error_log_path var/"log/probed.log"
  end

  test do
    assert_match "nothing is wrong", shell_output("#{bin}/probed --check-config")
  end
end
