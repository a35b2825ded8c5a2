// Two ends of a pair of sockets, in one thread: nothing here waits.
#include "actors/replicas/link/channel.hpp"
#include "tests/support/certificates.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <utility>

namespace synapse::actors::cluster {
namespace {

namespace fs = std::filesystem;

std::pair<owned_fd, owned_fd> connected() {
  std::array<int, 2> ends{-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
  return {owned_fd{ends[0]}, owned_fd{ends[1]}};
}

/// All that a channel has to read now.
std::string read_all(channel& from, progress& last) {
  std::string text;
  std::array<char, 1000> piece;
  for (std::size_t count = 0;
       (last = from.read(piece.data(), piece.size(), count)) == progress::done;)
    text.append(piece.data(), count);
  return text;
}

progress write_all(channel& to, std::string_view text) {
  std::size_t count = 0;
  const auto result = to.write(text.data(), text.size(), count);
  EXPECT_TRUE(result != progress::done || count == text.size());
  return result;
}

struct plain_channel : testing::Test {
  plain_channel() {
    auto [one, other] = connected();
    a.emplace(std::move(one), nullptr);
    b.emplace(std::move(other), nullptr);
  }
  std::optional<channel> a, b;
  progress last = progress::done;
};

TEST_F(plain_channel, carries_bytes_and_counts_them) {
  EXPECT_EQ(a->handshake(), progress::done) << "there is none";
  EXPECT_EQ(read_all(*b, last), "");
  EXPECT_EQ(last, progress::wants_read);
  EXPECT_EQ(write_all(*a, "hello"), progress::done);
  EXPECT_EQ(read_all(*b, last), "hello");
  EXPECT_EQ(last, progress::wants_read);
  EXPECT_EQ(b->bytes_in(), 5u);
  EXPECT_EQ(a->bytes_in(), 0u);
}

TEST_F(plain_channel, an_end_is_no_problem) {
  write_all(*a, "last words");
  a.reset();
  EXPECT_EQ(read_all(*b, last), "last words");
  EXPECT_EQ(last, progress::closed);
  EXPECT_EQ(b->problem(), "");
  EXPECT_EQ(write_all(*b, "too late"), progress::closed) << "and no signal ends the process";
}

TEST_F(plain_channel, does_not_wait_for_who_does_not_read) {
  const std::string much(100'000, 'x');
  std::size_t sent = 0;
  std::size_t count = 0;
  auto result = progress::done;
  while (sent < 100'000'000 && result == progress::done) {
    result = a->write(much.data(), much.size(), count);
    sent += count;
  }
  EXPECT_EQ(result, progress::wants_write);
  EXPECT_EQ(count, 0u);
  EXPECT_EQ(read_all(*b, last).size(), sent);
  EXPECT_EQ(write_all(*a, "more"), progress::done);
}

TEST_F(plain_channel, gives_its_socket_away) {
  const int fd = a->socket();
  const auto taken = a->take_socket();
  EXPECT_EQ(taken.get(), fd);
  EXPECT_EQ(a->socket(), -1);
  a.reset();
  EXPECT_EQ(read_all(*b, last), "");
  EXPECT_EQ(last, progress::wants_read) << "it is still open";
}

struct tls_channel : testing::Test {
  ~tls_channel() override { fs::remove_all(directory); }

  static config::cluster_tls_settings files(const support::key_pair& pair,
                                            const support::certificate_authority& trusted) {
    return {pair.certificate, pair.key, trusted.certificate()};
  }
  void connect(tls_source& dialling, tls_source& answering) {
    auto [one, other] = connected();
    std::string problem;
    auto first = dialling.begin(one.get(), session_role::dialling, problem);
    auto second = answering.begin(other.get(), session_role::answering, problem);
    ASSERT_TRUE(first && second) << problem;
    a.emplace(std::move(one), std::move(first));
    b.emplace(std::move(other), std::move(second));
  }
  /// Both in turn. @returns how it ended on either side.
  std::pair<progress, progress> shake() {
    std::pair<progress, progress> ends;
    for (int i = 0; i < 20; ++i) {
      ends = {a->handshake(), b->handshake()};
      if (ends == std::pair{progress::done, progress::done})
        break;
    }
    return ends;
  }

  fs::path directory = [] {
    std::string pattern = fs::temp_directory_path() / "synapse-channel-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr)
      std::abort();
    return fs::path{pattern};
  }();
  support::certificate_authority authority{directory, "replicas"};
  std::optional<channel> a, b;
  progress last = progress::done;
};

TEST_F(tls_channel, carries_bytes_between_two_of_one_authority) {
  tls_source one{files(authority.issue("one", "DNS:one"), authority)};
  tls_source two{files(authority.issue("two", "DNS:two"), authority)};
  connect(one, two);
  EXPECT_EQ(a->handshake(), progress::wants_read);
  ASSERT_EQ(shake(), (std::pair{progress::done, progress::done})) << a->problem() << b->problem();
  const auto before = b->bytes_in();
  EXPECT_GT(before, 0u) << "the handshake counts, too";
  EXPECT_EQ(write_all(*a, "hello"), progress::done);
  EXPECT_EQ(read_all(*b, last), "hello");
  EXPECT_EQ(last, progress::wants_read);
  EXPECT_GT(b->bytes_in(), before + 5);
  EXPECT_EQ(a->handshake(), progress::done) << "again there is nothing to do";
}

TEST_F(tls_channel, an_end_without_words_is_closed_and_no_signal_ends_the_process) {
  tls_source one{files(authority.issue("one", "DNS:one"), authority)};
  connect(one, one);
  ASSERT_EQ(shake(), (std::pair{progress::done, progress::done}));
  a.reset();
  EXPECT_EQ(read_all(*b, last), "");
  EXPECT_EQ(last, progress::closed);
  EXPECT_EQ(write_all(*b, "too late"), progress::closed);
}

TEST_F(tls_channel, refuses_a_certificate_of_another_authority_and_says_so) {
  const support::certificate_authority foreign{directory, "foreign"};
  tls_source one{files(foreign.issue("one", "DNS:one"), authority)}; // trusts us, and we not it
  tls_source two{files(authority.issue("two", "DNS:two"), authority)};
  connect(one, two);
  shake();
  EXPECT_EQ(b->handshake(), progress::closed);
  EXPECT_NE(b->problem(), "");
}

TEST_F(tls_channel, whoever_speaks_no_tls_is_told_apart) {
  tls_source one{files(authority.issue("one", "DNS:one"), authority)};
  auto [end, other] = connected();
  std::string problem;
  auto session = one.begin(other.get(), session_role::answering, problem);
  a.emplace(std::move(end), nullptr);
  b.emplace(std::move(other), std::move(session));
  write_all(*a, "GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(b->handshake(), progress::closed);
  EXPECT_NE(b->problem(), "");
}

TEST_F(tls_channel, files_that_cannot_be_used_are_named_as_the_problem) {
  tls_source none{{directory / "none.crt", directory / "none.key", authority.certificate()}};
  auto [one, other] = connected();
  std::string problem;
  EXPECT_EQ(none.begin(one.get(), session_role::dialling, problem), nullptr);
  EXPECT_TRUE(problem.starts_with("its certificate files cannot be used")) << problem;
}

TEST_F(tls_channel, a_renewed_certificate_is_taken_and_a_broken_one_is_not) {
  const auto pair = authority.issue("one", "DNS:one");
  tls_source source{files(pair, authority)};
  tls_source peer{files(authority.issue("two", "DNS:two"), authority)};
  connect(source, peer);
  ASSERT_EQ(shake(), (std::pair{progress::done, progress::done}));
  // Somebody else's now: what the other side sees is the new one, which it refuses.
  const support::certificate_authority foreign{directory, "foreign"};
  const auto renewed = foreign.issue("new", "DNS:one");
  fs::rename(renewed.certificate, pair.certificate);
  fs::rename(renewed.key, pair.key);
  connect(source, peer);
  shake();
  EXPECT_EQ(b->handshake(), progress::closed);
  // With half of a file the last good ones stay in use.
  fs::resize_file(pair.certificate, 10);
  auto [one, other] = connected();
  std::string problem;
  EXPECT_NE(source.begin(one.get(), session_role::dialling, problem), nullptr);
  EXPECT_EQ(problem, "");
}

} // namespace
} // namespace synapse::actors::cluster
