// Forms for a name of the catalog that are kept so that they can be sent once more: how much all of
// them take together, and what becomes of those for which there is no room.
#include "tests/audio_deployments/catalog_bed.hpp"

#include <atomic>
#include <thread>

namespace synapse::audio {
namespace {

constexpr const char* kept_path = "/v1/audio/transcriptions";
constexpr const char* gauge = "synapse_uploads_kept_bytes";
constexpr const char* counted = "synapse_uploads_unkept_total";

struct kept_uploads : testing::Test {
  /// The name `ears` at two servers. @param limit YAML of the limits
  std::string config(const std::string& first, std::string_view limit) const {
    return config_with(backend("one", first, "type: faster-whisper") +
                           backend("two", two.upstream.url(), "type: faster-whisper"),
                       catalog_of("ears", {"backend: one, model: w, order: 1",
                                           "backend: two, model: w, order: 2"}) +
                           "limits: {" + std::string{limit} + "}\n");
  }
  std::string config(std::string_view limit) const { return config(one.upstream.url(), limit); }
  static http_reply ask(const gateway_process& gateway, const std::string& file) {
    return post_form(gateway, kept_path, form_of(form_field("model", "ears"), file));
  }

  played_listener one{stt_answer};
  played_listener two{stt_answer};
};

TEST_F(kept_uploads, without_room_are_passed_on_and_not_sent_again) {
  gateway_process gateway{config("max_kept_uploads_total_bytes: 0")};
  const auto file = wav(3'000'000, 7);
  const auto well = ask(gateway, file);
  EXPECT_TRUE(well.ok()) << "never refused: " << well.body;
  EXPECT_TRUE(one.sent().at("file;a.wav") == file);
  one.fail(500, R"({"detail":"It has failed."})");
  const auto reply = ask(gateway, file);
  EXPECT_EQ(reply.status, 502U) << reply.body;
  EXPECT_THAT(text_at(reply.body, "/error/message"), HasSubstr("It has failed."));
  EXPECT_TRUE(posts_to(two.upstream).empty());
  EXPECT_TRUE(gateway.wait_for_metric(counted, R"(reason="total")", 2));
  EXPECT_TRUE(gateway.wait_for_metric(gauge, "", 0));
  EXPECT_TRUE(gateway.wait_for_log("limits.max_kept_uploads_total_bytes"));
  ASSERT_TRUE(gateway.reload(config("max_kept_uploads_total_bytes: 8MiB")));
  EXPECT_EQ(deployment_of(ask(gateway, file)), "two/w") << "there is room from now on";
}

TEST_F(kept_uploads, without_room_go_elsewhere_while_no_byte_of_them_has_gone) {
  std::string gone;
  {
    scripted_upstream closed{[](upstream_connection&) {}};
    gone = closed.url();
  }
  gateway_process gateway{config(gone, "max_kept_uploads_total_bytes: 0")};
  const auto file = wav(3'000'000, 7);
  const auto reply = ask(gateway, file);
  ASSERT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(deployment_of(reply), "two/w");
  EXPECT_TRUE(two.sent().at("file;a.wav") == file);
}

TEST_F(kept_uploads, share_one_limit_and_give_back_what_they_had) {
  gate go;
  std::atomic<int> asked{0};
  one.upstream.set_script([&](upstream_connection& connection) {
    while (const auto request = connection.read_request()) {
      if (request->method != "POST") { // who looks whether it is there
        connection.reply(200, "{}");
        continue;
      }
      const bool first = ++asked == 1;
      if (first && !go.wait())
        return;
      connection.reply(first ? 200 : 500, first ? stt_answer : R"({"detail":"It has failed."})");
    }
  });
  gateway_process gateway{config("max_kept_uploads_total_bytes: 4MiB")};
  const auto file = wav(3'000'000, 7);
  std::thread inside{[&] { EXPECT_TRUE(ask(gateway, file).ok()); }};
  EXPECT_TRUE(wait_until([&] { return asked == 1; }));
  EXPECT_GE(gateway.metric(gauge), 3e6);
  EXPECT_EQ(ask(gateway, file).status, 502U) << "both together would be too much";
  EXPECT_EQ(gateway.metric(counted, R"(reason="total")"), 1);
  EXPECT_TRUE(wait_until([&] { return gateway.metric(gauge) < 4e6; }));
  go.open();
  inside.join();
  EXPECT_TRUE(gateway.wait_for_metric(gauge, "", 0));
  EXPECT_EQ(deployment_of(ask(gateway, file)), "two/w");
  EXPECT_TRUE(gateway.wait_for_metric(gauge, "", 0));
}

TEST_F(kept_uploads, that_are_too_large_by_themselves_are_counted_as_such) {
  gateway_process gateway{config("max_kept_upload_bytes: 1MiB")};
  EXPECT_TRUE(ask(gateway, wav(3'000'000, 7)).ok());
  EXPECT_TRUE(gateway.wait_for_metric(counted, R"(reason="size")", 1));
  EXPECT_EQ(gateway.metric(counted, R"(reason="total")"), 0);
  EXPECT_TRUE(gateway.wait_for_metric(gauge, "", 0));
}

TEST_F(kept_uploads, whose_model_stands_behind_the_file_find_their_name_without_room) {
  gateway_process gateway{config("max_kept_uploads_total_bytes: 0")};
  const auto file = wav(1'000'000, 7);
  const auto reply = post_form(gateway, kept_path, form_of({}, file, form_field("model", "ears")));
  ASSERT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(deployment_of(reply), "one/w");
  EXPECT_TRUE(one.sent().at("file;a.wav") == file);
  EXPECT_TRUE(gateway.wait_for_metric(gauge, "", 0));
}

} // namespace
} // namespace synapse::audio
