// One of four model servers is bad, each time in another way: no client sees any of it.
#include "tests/deployments/bed.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace synapse::deployed {
namespace {

constexpr std::size_t requests_in_all = 400;

/// Three good ones and `bad`; `requests_in_all` chats, then what has become of its share.
void one_of_four(deed bad, bool stream, std::string_view more = "", bool dead = false) {
  model_server g1{"g1", answer_with("good")};
  model_server g2{"g2", answer_with("good")};
  model_server g3{"g3", answer_with("good")};
  model_server ill{"ill", std::move(bad)};
  const auto config = config_for({&g1, &g2, &g3, &ill}, false, more, "{deadline: 20s}");
  if (dead)
    ill.die();
  const gateway_process gateway{config};
  std::mutex mutex;
  std::optional<std::string> wrong;
  in_parallel(requests_in_all, 4, [&](std::size_t) {
    const auto reply = chat(gateway, "", "m", stream);
    if (reply.ok() && content_of(reply).starts_with("good"))
      return;
    const std::lock_guard lock{mutex};
    wrong = std::to_string(reply.status) + " " + reply.body;
  });
  EXPECT_FALSE(wrong) << *wrong << gateway.err().substr(0, 4000);
  EXPECT_LE(ill.asked(), requests_in_all / 10) << "its share has to fall";
  for (const auto* one : {&g1, &g2, &g3})
    EXPECT_GT(one->asked(), 0U);
  expect_at_rest(gateway, {"g1", "g2", "g3", "ill"});
}

TEST(one_unfit_server, answers_500_at_once) {
  one_of_four(answer_status(500, error_body("broken")), false);
}

TEST(one_unfit_server, refuses_connections) {
  one_of_four(hang(), false, "", true);
}

TEST(one_unfit_server, hangs) {
  one_of_four(hang(), false, ", timeouts: {response: 150ms, first_token: 150ms}");
}

TEST(one_unfit_server, cuts_its_streams_off_before_they_say_anything) {
  one_of_four(
      send_and_close("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
                     "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}]}"
                     "\n\n"),
      true);
}

TEST(one_unfit_server, breaks_off_within_its_answers) {
  one_of_four(send_and_close(answer_bytes(200, completion("bad")).substr(0, 150)), false);
}

TEST(one_unfit_server, hangs_up) {
  one_of_four(hang_up(), false);
}

TEST(one_unfit_server, answers_200_with_a_page) {
  one_of_four(answer_status(200, "<html><body>Welcome!</body></html>", "", "text/html"), false);
}

TEST(one_unfit_server, is_a_proxy_without_anybody_behind_it) {
  one_of_four(answer_status(502, "<html><h1>502 Bad Gateway</h1></html>", "", "text/html"), false);
}

TEST(one_unfit_server, tells_of_an_error_within_a_200) {
  one_of_four(answer_status(200, error_body("provider failed")), false);
}

// ---- what the client has done ----

TEST(client_faults, take_nobody_out_of_service) {
  model_server one{"one", answer_status(400, error_body("temperature is too high"))};
  model_server two{"two", answer_status(400, error_body("temperature is too high"))};
  const gateway_process gateway{config_for({&one, &two}, true)};
  in_parallel(300, 4, [&](std::size_t) { EXPECT_EQ(chat(gateway).status, 400U); });
  EXPECT_EQ(one.asked(), 300U) << "each went to the first, and to nobody else";
  EXPECT_EQ(two.asked(), 0U);
  one.now(answer_with("well"));
  EXPECT_EQ(content_of(chat(gateway)), "well");
  EXPECT_EQ(two.asked(), 0U);
}

} // namespace
} // namespace synapse::deployed
