# Made by `make release`: a formula of kbootstrap v1.2.3 for a tap.
class Kbootstrap < Formula
  desc "Make a Kubernetes cluster out of bare Linux hosts over SSH"
  homepage "https://downloads.example/v1.2.3"
  version "1.2.3"

  on_macos do
    on_intel do
      url "https://downloads.example/v1.2.3/kbootstrap-v1.2.3-darwin-amd64.tar.gz"
      sha256 "sum-of-darwin/amd64"
    end
    on_arm do
      url "https://downloads.example/v1.2.3/kbootstrap-v1.2.3-darwin-arm64.tar.gz"
      sha256 "sum-of-darwin/arm64"
    end
  end

  on_linux do
    on_intel do
      url "https://downloads.example/v1.2.3/kbootstrap-v1.2.3-linux-amd64.tar.gz"
      sha256 "sum-of-linux/amd64"
    end
    on_arm do
      url "https://downloads.example/v1.2.3/kbootstrap-v1.2.3-linux-arm64.tar.gz"
      sha256 "sum-of-linux/arm64"
    end
  end

  def install
    bin.install "bin/kbootstrap"
    (lib/"kbootstrap").install Dir["lib/kbootstrap/*"]
    man1.install Dir["share/man/man1/*"]
    bash_completion.install "share/bash-completion/completions/kbootstrap"
    zsh_completion.install "share/zsh/site-functions/_kbootstrap"
    fish_completion.install "share/fish/vendor_completions.d/kbootstrap.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/kbootstrap --version")
  end
end
