#include "http/server/exchange/exchange.hpp"
#include "tests/http/proxy/proxy_rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synapse::server {
namespace {

using http::response_detail;
using proxy::get;
using testing::EndsWith;
using testing::StartsWith;

constexpr std::string_view switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n"
                                       "Connection: Upgrade\r\n\r\n";

struct tunnel_test : testing::Test {
  /// Sends back what comes, in capitals, until the client closes its side.
  net::task<void> echo(exchange& ex) {
    auto& raw = ex.detach();
    ex.record().status = 101;
    if (!ex.write({&switching, 1}))
      co_await ex.finish_write();
    while (!ex.given_up()) {
      std::string text{raw.input()};
      raw.consume(text.size());
      for (auto& c : text)
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      const std::string_view piece = text;
      if (!text.empty() && !ex.write({&piece, 1}))
        co_await ex.finish_write();
      if (raw.ended())
        break;
      raw.read();
      co_await ex.changed();
    }
    gone = ex.client_gone();
  }
  void begin(std::string_view behind = {}) {
    rig.begin(get("/tunnel", "Connection: Upgrade\r\nUpgrade: h2c\r\n") + std::string{behind},
              [this](exchange& ex) { return echo(ex); });
    rig.until_client_has("\r\n\r\n");
  }
  std::string received() {
    const auto& all = rig.client().received();
    return all.substr(std::min(all.size(), switching.size()));
  }

  proxy::proxy_rig rig;
  bool gone = false;
};

TEST_F(tunnel_test, carries_whatever_comes_behind_the_head) {
  begin("early");
  rig.until([&] { return received() == "EARLY"; });
  rig.client().send("GET / HTTP/1.1\r\n\r\n");
  rig.until([&] { return received() == "EARLYGET / HTTP/1.1\r\n\r\n"; });
  EXPECT_THAT(rig.client().received(), StartsWith(std::string{switching}));
}

TEST_F(tunnel_test, goes_on_in_the_other_direction_when_one_side_is_closed) {
  begin();
  rig.client().send("last");
  rig.client().finish_sending();
  rig.end();
  EXPECT_FALSE(gone) << "closing its side is no departure here";
  rig.until_client_ended();
  EXPECT_EQ(received(), "LAST") << "no interim answer, no comment, no second answer";
  EXPECT_FALSE(rig.client().was_reset());
  EXPECT_EQ(rig.seen.record.status, 101U);
}

TEST_F(tunnel_test, ends_when_its_client_is_gone) {
  begin();
  rig.client().reset();
  rig.end();
  EXPECT_TRUE(gone);
}

TEST_F(tunnel_test, can_be_canceled_like_any_other_request) {
  begin();
  rig.exchange().actor().end(give_up::canceled);
  rig.end();
  EXPECT_FALSE(gone);
  rig.until_client_ended();
  EXPECT_EQ(received(), "");
}

TEST_F(tunnel_test, is_the_last_thing_on_its_connection) {
  begin();
  rig.client().send("x");
  rig.client().finish_sending();
  rig.end();
  rig.until_client_ended();
  EXPECT_THAT(rig.client().received(), EndsWith("X"));
}

struct departure_test : testing::Test {
  response_detail why(give_up by) {
    auto result = response_detail::local;
    rig.begin(get("/x"), [&](exchange& ex) -> net::task<void> {
      ex.actor().end(by);
      result = ex.departure();
      co_return;
    });
    return result;
  }
  proxy::proxy_rig rig;
};

TEST_F(departure_test, is_a_cancelation_where_somebody_here_wanted_the_end) {
  EXPECT_EQ(why(give_up::canceled), response_detail::canceled);
  EXPECT_EQ(why(give_up::draining), response_detail::canceled);
  EXPECT_EQ(why(give_up::departed), response_detail::client_disconnected);
}

} // namespace
} // namespace synapse::server
