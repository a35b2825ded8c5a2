#include "http/core/local_reply.hpp"
#include "http/server/exchange/exchange.hpp"
#include "http/server/exchange/session.hpp"
#include "tests/http/proxy/proxy_rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synapse::server {
namespace {

using proxy::get;

struct session_test : testing::Test {
  /// A request whose handler waits until it is given up, or let go.
  void begin() {
    rig.begin(get("/x"), [this](exchange& ex) -> net::task<void> {
      handle = caf::actor_cast<actors::session_actor>(&ex.actor());
      while (!ex.given_up() && !let_go)
        co_await ex.changed();
      why = ex.actor().why();
      if (let_go)
        co_await ex.reply(204, {}, {});
    });
  }
  void finish() {
    let_go = true;
    rig.exchange().wake()->notify();
    rig.end();
    rig.settle();
  }

  proxy::proxy_rig rig;
  actors::session_actor handle;
  give_up why = give_up::no;
  bool let_go = false;
};

TEST_F(session_test, ends_its_request_when_it_is_told_to) {
  begin();
  caf::anon_send(handle, actors::cancel_atom::value);
  rig.end();
  EXPECT_EQ(why, give_up::canceled);
}

TEST_F(session_test, keeps_the_first_reason) {
  begin();
  caf::anon_send(handle, actors::drain_atom::value);
  caf::anon_send(handle, actors::cancel_atom::value);
  rig.end();
  EXPECT_EQ(why, give_up::draining);
}

TEST_F(session_test, ends_its_request_when_it_is_killed) {
  begin();
  caf::anon_send_exit(handle, caf::exit_reason::kill);
  rig.end();
  EXPECT_EQ(why, give_up::canceled);
}

TEST_F(session_test, gives_no_reason_while_its_request_goes_on) {
  begin();
  EXPECT_EQ(rig.exchange().actor().why(), give_up::no);
  EXPECT_FALSE(rig.exchange().actor().canceled());
  finish();
}

TEST_F(session_test, tells_how_its_request_has_ended_when_it_has) {
  begin();
  caf::scoped_actor self{rig.unit().system()};
  auto pending = self->request(handle, std::chrono::seconds{5}, actors::outcome_atom::value);
  rig.settle();
  EXPECT_TRUE(self->mailbox().empty()) << "not before";
  finish();
  actors::request_outcome seen;
  pending.receive([&](actors::request_outcome& outcome) { seen = outcome; },
                  [&](caf::error& error) { FAIL() << to_string(error); });
  EXPECT_EQ(seen.status, 204);
  EXPECT_EQ(seen.detail, http::to_string(http::response_detail::local));
}

TEST_F(session_test, has_its_monitors_see_its_end) {
  begin();
  caf::scoped_actor self{rig.unit().system()};
  self->monitor(handle);
  rig.settle();
  EXPECT_TRUE(self->mailbox().empty());
  finish();
  bool seen = false;
  self->receive([&](const caf::down_msg&) { seen = true; });
  EXPECT_TRUE(seen);
}

} // namespace
} // namespace synapse::server
