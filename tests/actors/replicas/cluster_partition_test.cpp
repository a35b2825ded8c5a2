#include "tests/actors/replicas/child.hpp"
#include "tests/support/watchdog.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <unistd.h>

namespace synapse::test {
namespace {

/// Two network namespaces joined by a cable that can be cut. Gone at the end, also after a failure.
class two_networks {
public:
  two_networks()
      : left("synapse-l" + std::to_string(::getpid())),
        right("synapse-r" + std::to_string(::getpid())) {
    ready_ = ip({"netns", "add", left}) && ip({"netns", "add", right}) &&
             ip({"-n", left, "link", "add", "cable", "type", "veth", "peer", "name", "cable",
                 "netns", right});
    for (const auto& [name, address] : {std::pair{left, "10.77.0.1/24"}, {right, "10.77.0.2/24"}})
      ready_ = ready_ && ip({"-n", name, "addr", "add", address, "dev", "cable"}) &&
               ip({"-n", name, "link", "set", "lo", "up"}) &&
               ip({"-n", name, "link", "set", "cable", "up"});
  }
  two_networks(const two_networks&) = delete;
  two_networks& operator=(const two_networks&) = delete;
  ~two_networks() {
    ip({"netns", "del", left});
    ip({"netns", "del", right});
  }

  bool ready() const { return ready_; }
  bool set_cable(bool whole) {
    return ip({"-n", left, "link", "set", "cable", whole ? "up" : "down"});
  }
  static std::vector<std::string> inside(const std::string& name) {
    return {"ip", "netns", "exec", name};
  }

  const std::string left;
  const std::string right;

private:
  static bool ip(std::vector<std::string> words) {
    words.insert(words.begin(), "ip");
    return run(words) == 0;
  }

  bool ready_ = false;
};

TEST(partition, is_noticed_on_both_sides_and_heals_with_every_line_once) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "network namespaces need root";
  if (run({"ip", "-V"}) != 0)
    GTEST_SKIP() << "there is no `ip` (package iproute2)";
  const watchdog limit{std::chrono::seconds{support::sanitized ? 240 : 120}};
  two_networks networks;
  if (!networks.ready())
    GTEST_SKIP() << "the kernel refuses network namespaces, as in most containers";
  child a{"a", 1, "10.77.0.1", 7946, {}, two_networks::inside(networks.left)};
  ASSERT_EQ(a.address(), "10.77.0.1:7946");
  child b{"b", 2, "10.77.0.2", 7946, {a.address()}, two_networks::inside(networks.right)};
  ASSERT_TRUE(a.wait_for("b", up));
  ASSERT_TRUE(b.wait_for("a", up));
  a.command("say 20");
  b.command("say 20");
  a.command("note 1");
  const auto have = [](child& whom, std::uint64_t origin, std::size_t count) {
    return support::wait_until([&] { return whom.numbers(origin).size() >= count; });
  };
  ASSERT_TRUE(have(a, 2, 20) && have(b, 1, 20));

  for (int round = 0; round < 2; ++round) {
    const auto cut = support::clock::now();
    ASSERT_TRUE(networks.set_cable(false));
    // Some lines are under way before it is noticed, others wait.
    a.command("say 10");
    b.command("say 10");
    EXPECT_TRUE(a.wait_for("b", down)) << a.output();
    EXPECT_TRUE(b.wait_for("a", down)) << b.output();
    const auto noticed = support::clock::now();
    a.command("say 10");
    b.command("say 10");
    // The second time for longer than CAF keeps a connection that is silent.
    if (round == 1)
      support::pace(std::chrono::milliseconds{support::sanitized ? 6000 : 2500});
    const auto mended = support::clock::now();
    ASSERT_TRUE(networks.set_cable(true));
    EXPECT_TRUE(a.wait_for("b", up)) << a.output();
    EXPECT_TRUE(b.wait_for("a", up)) << b.output();
    const auto healed = support::clock::now();
    a.command("say 10");
    b.command("say 10");
    const std::size_t all = 20 + 30 * static_cast<std::size_t>(round + 1);
    EXPECT_TRUE(have(a, 2, all) && have(b, 1, all));
    for (auto* one : {&a, &b}) {
      const auto got = one->numbers(one == &a ? 2 : 1);
      ASSERT_EQ(got.size(), all) << a.output() << b.output();
      for (std::size_t i = 0; i < got.size(); ++i)
        ASSERT_EQ(got[i], i + 1);
      EXPECT_EQ(one->dropped(), 0u);
    }
    const auto ms = [](auto duration) {
      return static_cast<long long>(
          std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
    };
    std::printf("partition %d: noticed on both sides after %lld ms, healed %lld ms after\n", round,
                ms(noticed - cut), ms(healed - mended));
  }
}

} // namespace
} // namespace synapse::test
