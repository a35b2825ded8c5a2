// /tts/*: Chatterbox's two steps, and what may go wrong between them.
#include "tests/audio/speech_bed.hpp"

#include <thread>

namespace synapse::audio {
namespace {

TEST_F(speech, without_a_voice_is_the_backends_own) {
  gateway_process gateway{config(), options()};
  const auto reply = post_json(gateway, "/tts/synthesize", {{"text", "Hello."}});
  ASSERT_TRUE(reply.ok()) << reply.body;
  EXPECT_TRUE(reply.body == sound);
  EXPECT_EQ(reply.field("Content-Type"), "audio/wav");
  EXPECT_EQ(reply.field("Content-Disposition"), "attachment; filename=\"synapse_tts.wav\"");
  EXPECT_EQ(upstream.seen().back().target, "/tts");
  EXPECT_EQ(last_body(), json::parse(R"({"text":"Hello.","split_text":true,"language":"en",
      "voice_mode":"predefined","predefined_voice_id":"Alice.wav"})"));
  post_json(gateway, "/tts/synthesize",
            {{"text", "Hallo."}, {"language", "de"}, {"speed", 1.5}, {"split_sentences", false}});
  EXPECT_EQ(last_body(), json::parse(R"({"text":"Hallo.","split_text":false,"language":"de",
      "speed_factor":1.5,"voice_mode":"predefined","predefined_voice_id":"Alice.wav"})"));

  const auto stream = post_json(gateway, "/tts/stream", {{"text", "Hi."}, {"speed", 0.5}});
  ASSERT_TRUE(stream.ok());
  EXPECT_EQ(stream.field("Content-Disposition"), "");
  EXPECT_EQ(upstream.seen().back().target, "/v1/audio/speech");
  EXPECT_EQ(last_body(),
            json::parse(R"({"model":"chatterbox","input":"Hi.","voice":"Alice.wav","speed":0.5})"));
}

TEST_F(speech, passes_the_first_bytes_on_at_once) {
  std::atomic<bool> go_on{false};
  upstream.set_script([&](upstream_connection& connection) {
    connection.read_request();
    connection.begin_chunked(200, "audio/wav");
    connection.send_chunk(std::string_view{sound}.substr(0, 100));
    wait_until([&] { return go_on.load(); });
    connection.send_chunk(std::string_view{sound}.substr(100));
    connection.end_chunks();
  });
  gateway_process gateway{config(), options()};
  auto client = gateway.connect();
  client.send(request_bytes("POST", "/tts/stream", R"({"text":"Hi."})", json_type));
  auto reply = client.read_head();
  EXPECT_TRUE(client.read_until(reply, sound.substr(0, 100)));
  go_on = true;
  client.read_rest(reply);
  EXPECT_TRUE(reply.complete());
  EXPECT_EQ(reply.field("Content-Disposition"), "") << "for playing";
  EXPECT_TRUE(reply.body == sound);
}

TEST_F(speech, with_a_cloned_voice_uploads_its_reference_once) {
  gateway_process gateway{config(), options()};
  const auto reference = wav(300'000, 7);
  const auto id = make_voice(gateway, "Anna", reference);
  for (const char* path : {"/tts/synthesize", "/tts/stream", "/tts/synthesize"}) {
    const auto reply = post_json(gateway, path, {{"text", "Hello."}, {"voice_id", id}});
    ASSERT_TRUE(reply.ok()) << reply.body;
    EXPECT_TRUE(reply.body == sound);
    EXPECT_EQ(reply.field("Content-Disposition"), "attachment; filename=\"synapse_tts.wav\"");
    EXPECT_EQ(upstream.seen().back().target, "/tts");
    const auto body = last_body();
    EXPECT_EQ(body["voice_mode"], "clone");
    EXPECT_FALSE(body.contains("predefined_voice_id"));
    const auto name = body["reference_audio_filename"].get<std::string>();
    EXPECT_TRUE(name.starts_with("kept_" + id)) << "the backend's own name: " << name;
    EXPECT_TRUE(name.ends_with(".wav"));
    EXPECT_TRUE(references.at(name) == reference);
  }
  EXPECT_EQ(uploads, 1);

  // New references: it is given anew. Another voice has its own.
  ASSERT_EQ(post_form(gateway, "/voices/" + id + "/references",
                      form_file(wav(100), "b.wav", "files") + end_of_form)
                .status,
            200U);
  EXPECT_TRUE(post_json(gateway, "/tts/synthesize", {{"text", "x"}, {"voice_id", id}}).ok());
  EXPECT_EQ(uploads, 2);
  const auto other = make_voice(gateway, "Ben", wav(1000, 9));
  EXPECT_TRUE(post_json(gateway, "/tts/synthesize", {{"text", "x"}, {"voice_id", other}}).ok());
  EXPECT_EQ(uploads, 3);
}

TEST_F(speech, is_given_its_reference_again_when_the_backend_has_lost_it) {
  gateway_process gateway{config(), options()};
  const auto id = make_voice(gateway, "Anna", wav(5000));
  EXPECT_TRUE(post_json(gateway, "/tts/synthesize", {{"text", "x"}, {"voice_id", id}}).ok());
  {
    const std::lock_guard lock{mutex};
    references.clear(); // it has been restarted
  }
  const auto reply = post_json(gateway, "/tts/synthesize", {{"text", "x"}, {"voice_id", id}});
  EXPECT_TRUE(reply.ok()) << reply.body;
  EXPECT_TRUE(reply.body == sound);
  EXPECT_EQ(uploads, 2);
  EXPECT_TRUE(post_json(gateway, "/tts/synthesize", {{"text", "x"}, {"voice_id", id}}).ok());
  EXPECT_EQ(uploads, 2);
}

TEST_F(speech, does_not_upload_for_ever) {
  gateway_process gateway{config(), options()};
  const auto id = make_voice(gateway, "Anna", wav(5000));
  upstream.set_script(answer_each([this](const upstream_request& request) {
    const auto bytes = answer(request);
    const std::lock_guard lock{mutex};
    references.clear();
    return bytes;
  }));
  const auto reply = post_json(gateway, "/tts/synthesize", {{"text", "x"}, {"voice_id", id}});
  EXPECT_EQ(reply.status, 502U) << reply.body;
  EXPECT_EQ(uploads, 2);
  EXPECT_EQ(text_at(reply.body, "/error"), "TTS backend error");
}

TEST_F(speech, of_unknown_voices_is_404) {
  gateway_process gateway{config(), options()};
  const auto id = make_voice(gateway, "Anna", wav(5000));
  for (const char* voice :
       {"no-such-voice", "../x", "Anna", "00000000-0000-0000-0000-000000000000"}) {
    const auto reply = post_json(gateway, "/tts/synthesize", {{"text", "x"}, {"voice_id", voice}});
    EXPECT_EQ(reply.status, 404U) << voice;
    EXPECT_EQ(text_at(reply.body, "/detail"), "Voice not found: " + std::string{voice});
  }
  auto client = gateway.connect();
  client.send(request_bytes("DELETE", "/voices/" + id));
  EXPECT_TRUE(client.read_reply().ok());
  EXPECT_EQ(post_json(gateway, "/tts/stream", {{"text", "x"}, {"voice_id", id}}).status, 404U);
  EXPECT_EQ(upstream.requests(), 0U);
}

TEST_F(speech, interpolates_with_the_heaviest_voice) {
  gateway_process gateway{config(), options()};
  const auto light = make_voice(gateway, "light", wav(1000, 1));
  const auto heavy = make_voice(gateway, "heavy", wav(1000, 2));
  const auto reply = post_json(
      gateway, "/tts/interpolate",
      {{"text", "x"},
       {"voices",
        {{{"voice_id", light}, {"weight", 0.3}}, {{"voice_id", heavy}, {"weight", 0.7}}}}});
  ASSERT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(reply.field("Content-Disposition"), "attachment; filename=\"synapse_interpolate.wav\"");
  EXPECT_TRUE(
      last_body()["reference_audio_filename"].get<std::string>().starts_with("kept_" + heavy));
  EXPECT_EQ(uploads, 1);
  const auto nobody = post_json(
      gateway, "/tts/interpolate",
      {{"text", "x"},
       {"voices",
        {{{"voice_id", "nobody"}, {"weight", 0.3}}, {{"voice_id", heavy}, {"weight", 0.7}}}}});
  EXPECT_EQ(nobody.status, 404U);
  EXPECT_EQ(text_at(nobody.body, "/detail"), "Voice not found: nobody");
}

TEST_F(speech, of_bad_requests_is_refused_by_the_field_at_fault) {
  gateway_process gateway{config(), options()};
  const json a{{"voice_id", "a"}, {"weight", 0.5}}, b{{"voice_id", "b"}, {"weight", 0.5}},
      light{{"voice_id", "b"}, {"weight", 0.4}}, nothing{{"voice_id", "b"}, {"weight", 0}},
      nameless{{"weight", 0.5}};
  const struct {
    const char* path;
    json body;
    const char* field;
  } cases[] = {
      {"/tts/synthesize", json::object(), "text"},
      {"/tts/synthesize", {{"text", ""}}, "text"},
      {"/tts/synthesize", {{"text", 5}}, "text"},
      {"/tts/synthesize", {{"text", std::string(5001, 'x')}}, "text"},
      {"/tts/stream", {{"text", "x"}, {"language", "klingon"}}, "language"},
      {"/tts/stream", {{"text", "x"}, {"language", 3}}, "language"},
      {"/tts/stream", {{"text", "x"}, {"speed", 0.4}}, "speed"},
      {"/tts/stream", {{"text", "x"}, {"speed", "fast"}}, "speed"},
      {"/tts/stream", {{"text", "x"}, {"split_sentences", 1}}, "split_sentences"},
      {"/tts/stream", {{"text", "x"}, {"voice_id", 1}}, "voice_id"},
      {"/tts/interpolate", {{"text", "x"}}, "voices"},
      {"/tts/interpolate", {{"text", "x"}, {"voices", {a}}}, "voices"},
      {"/tts/interpolate", {{"text", "x"}, {"voices", {a, a, a, a, a, a}}}, "voices"},
      {"/tts/interpolate", {{"text", "x"}, {"voices", {a, light}}}, "voices"},
      {"/tts/interpolate", {{"text", "x"}, {"voices", {a, nothing}}}, "voices"},
      {"/tts/interpolate", {{"text", "x"}, {"voices", {a, nameless}}}, "voices"},
      {"/tts/interpolate", {{"text", ""}, {"voices", {a, b}}}, "text"},
  };
  for (const auto& one : cases) {
    const auto reply = post_json(gateway, one.path, one.body);
    EXPECT_EQ(reply.status, 422U) << one.body << reply.body;
    const auto answer = json::parse(reply.body, nullptr, false);
    const auto& fault = answer["detail"][0];
    EXPECT_EQ(fault["loc"][0], "body") << reply.body;
    EXPECT_EQ(fault["loc"][1], one.field) << reply.body; // of a list its place and key follow
    EXPECT_TRUE(fault["msg"].is_string());
    EXPECT_TRUE(fault["type"].is_string());
    EXPECT_TRUE(fault.contains("input"));
  }
  EXPECT_EQ(gateway.post("/tts/synthesize", "{", json_type).status, 400U);
  EXPECT_EQ(gateway.post("/tts/synthesize", "[]", json_type).status, 400U);
  EXPECT_EQ(gateway.post("/tts/synthesize", "{}", "Content-Type: audio/wav\r\n").status, 415U);
  EXPECT_EQ(upstream.requests(), 0U);
  // 5000 characters are more bytes.
  std::string umlauts;
  for (int i = 0; i < 5000; ++i)
    umlauts += "ü";
  EXPECT_TRUE(post_json(gateway, "/tts/synthesize", {{"text", umlauts}}).ok());
}

TEST_F(speech, is_asked_for_one_at_a_time_and_a_busy_backend_counts_as_healthy) {
  std::atomic<int> at_once{0}, most{0};
  std::atomic<bool> go_on{false};
  upstream.set_script([&](upstream_connection& connection) {
    while (const auto request = connection.read_request()) {
      if (request->method == "GET") {
        wait_until([&] { return go_on.load(); }); // as while it speaks
        connection.reply(200, "{}");
        continue;
      }
      most = std::max<int>(most, ++at_once);
      wait_until([&] { return go_on.load(); });
      --at_once;
      connection.send(answer(*request));
    }
  });
  gateway_process gateway{config(), options()};
  std::vector<std::thread> clients;
  std::atomic<int> good{0};
  for (int i = 0; i < 4; ++i)
    clients.emplace_back([&] {
      good += post_json(gateway, "/tts/synthesize", {{"text", "x"}}).ok();
    });
  EXPECT_TRUE(wait_until([&] { return at_once == 1; }));
  const auto health = json::parse(gateway.get("/health").body, nullptr, false);
  EXPECT_EQ(health["status"], "healthy") << health;
  EXPECT_EQ(health["backends"]["chatterbox-tts"],
            json::parse(R"({"status":"healthy","code":200,"busy":true,"path":"/api/model-info"})"));
  go_on = true;
  for (auto& client : clients)
    client.join();
  EXPECT_EQ(good, 4);
  EXPECT_EQ(most, 1);
}

TEST_F(speech, that_has_ended_makes_no_silent_backend_busy) {
  std::atomic<bool> silent{false};
  upstream.set_script([&](upstream_connection& connection) {
    while (const auto request = connection.read_request()) {
      if (silent) {
        connection.wait_until_peer_closes();
        return;
      }
      connection.send(request->method == "GET" ? answer_bytes(200, "{}") : answer(*request));
    }
  });
  gateway_process gateway{config(", health: {timeout: 300ms}"), options()};
  EXPECT_TRUE(post_json(gateway, "/tts/synthesize", {{"text", "x"}}).ok());
  silent = true;
  const auto health = json::parse(gateway.get("/health").body, nullptr, false);
  EXPECT_EQ(health["backends"]["chatterbox-tts"]["status"], "unreachable") << health;
}

TEST_F(speech, is_not_kept_waiting_by_a_client_that_does_not_read) {
  sound = wav(8'000'000, 3, 24000);
  gateway_process gateway{config(), options()};
  client_options narrow;
  narrow.receive_buffer = 4096;
  auto idle = gateway.connect(narrow);
  idle.send(request_bytes("POST", "/tts/synthesize", R"({"text":"x"})", json_type));
  ASSERT_TRUE(upstream.wait_for_requests(1));
  EXPECT_TRUE(post_json(gateway, "/tts/synthesize", {{"text", "y"}}).ok());
}

TEST_F(speech, of_a_voice_that_another_gateway_has_made_changed_or_removed) {
  gateway_process a{config(), options()}, b{config(), options()};
  const auto id = make_voice(a, "Anna", wav(5000));
  const auto speak = [&](const gateway_process& by) {
    return post_json(by, "/tts/synthesize", {{"text", "x"}, {"voice_id", id}}).status;
  };
  EXPECT_EQ(speak(b), 200U) << "with the very next request";
  EXPECT_EQ(speak(b), 200U);
  EXPECT_EQ(uploads, 1) << "it remembers what the backend calls it";
  ASSERT_EQ(post_form(a, "/voices/" + id + "/references",
                      form_file(wav(6000), "b.wav", "files") + end_of_form)
                .status,
            200U);
  EXPECT_EQ(speak(b), 200U);
  EXPECT_EQ(uploads, 2) << "and forgets it when the voice has changed elsewhere";
  auto client = b.connect();
  client.send(request_bytes("DELETE", "/voices/" + id));
  ASSERT_EQ(client.read_reply().status, 200U);
  EXPECT_EQ(speak(a), 404U);
  EXPECT_EQ(speak(b), 404U);
}

TEST_F(speech, survives_odd_answers_to_uploads) {
  gateway_process gateway{config(), options()};
  const auto id = make_voice(gateway, "Anna", wav(5000));
  std::string said;
  upstream.set_script(answer_each([&](const upstream_request& request) {
    return request.target == "/upload_reference" ? answer_bytes(200, said) : answer(request);
  }));
  for (const char* odd :
       {R"({"errors":[{"error":null}]})", R"({"errors":[5]})", R"({"uploaded_files":[""]})",
        R"({"uploaded_files":[[]]})", R"({"uploaded_files":{}})", "[]", "not JSON", ""}) {
    said = odd;
    EXPECT_EQ(post_json(gateway, "/tts/synthesize", {{"text", "x"}, {"voice_id", id}}).status, 502U)
        << odd;
  }
  // Chatterbox lists all that it has ever been given.
  json all = json::array();
  for (int i = 0; i < 20'000; ++i)
    all.push_back("00000000-0000-0000-0000-000000000000_" + std::to_string(i) + ".wav");
  said = json{{"uploaded_files", {"kept.wav"}}, {"all_reference_files", all}}.dump();
  references["kept.wav"] = "x";
  EXPECT_TRUE(post_json(gateway, "/tts/synthesize", {{"text", "x"}, {"voice_id", id}}).ok());
}

TEST_F(speech, of_too_large_a_body_is_not_even_parsed) {
  gateway_process gateway{config(), options()};
  const auto body = R"({"text":"x","more":")" + std::string(300'000, 'x') + "\"}";
  EXPECT_EQ(gateway.post("/tts/synthesize", body, json_type).status, 413U);
  upstream.set_script(answer_each([](const upstream_request&) {
    return answer_bytes(404, R"({"detail":"Predefined voice file 'Alice.wav' not found."})");
  }));
  EXPECT_EQ(post_json(gateway, "/tts/synthesize", {{"text", "x"}}).status, 502U)
      << "the client has named no voice";
}

TEST_F(speech, gets_the_backends_errors_in_the_envelope) {
  gateway_process gateway{config(), options()};
  const auto id = make_voice(gateway, "Anna", wav(5000));
  const struct {
    const char* target; ///< where the backend fails
    unsigned status;
    std::string body;
    unsigned expected;
    const char* detail;
  } cases[] = {
      {"/upload_reference", 400,
       R"({"message":"Processed 1 file(s).","uploaded_files":[],"all_reference_files":[],
           "errors":[{"filename":"x.wav","error":"Audio is too long."}]})",
       400, "Audio is too long."},
      {"/upload_reference", 200,
       R"({"uploaded_files":[],"errors":[{"filename":"x.wav","error":"Unreadable."}]})", 400,
       "Unreadable."},
      {"/upload_reference", 200, "{}", 502, nullptr},
      {"/upload_reference", 500, "Internal Server Error", 502, "Internal Server Error"},
      {"/tts", 503, R"({"detail":"TTS engine model is not currently loaded or available."})", 503,
       "TTS engine model is not currently loaded or available."},
      {"/tts", 400, R"({"detail":"Invalid reference audio: too long"})", 400,
       "Invalid reference audio: too long"},
      {"/tts", 500, R"({"detail":"TTS engine failed to synthesize audio for chunk 1."})", 502,
       "TTS engine failed to synthesize audio for chunk 1."},
  };
  const auto* now = &cases[0];
  upstream.set_script(answer_each([&](const upstream_request& request) {
    return request.target == now->target ? answer_bytes(now->status, now->body) : answer(request);
  }));
  for (const auto& one : cases) {
    now = &one;
    const auto reply = post_json(gateway, "/tts/synthesize", {{"text", "x"}, {"voice_id", id}});
    EXPECT_EQ(reply.status, one.expected) << one.target << one.body << reply.body;
    EXPECT_EQ(text_at(reply.body, "/error"), "TTS backend error") << reply.body;
    if (one.detail) {
      EXPECT_EQ(text_at(reply.body, "/detail"), one.detail) << reply.body;
    }
  }
}

TEST_F(speech, lists_its_languages) {
  gateway_process gateway{config(), options()};
  const auto list = json::parse(gateway.get("/tts/languages").body);
  ASSERT_EQ(list.size(), 23U);
  EXPECT_EQ(list[0], json::parse(R"({"code":"en","name":"English"})"));
  std::string codes;
  for (const auto& one : list)
    codes += one["code"].get<std::string>() + " ";
  EXPECT_EQ(codes, "en de es fr hi it ja ko nl pl pt ru tr zh ar cs da fi hu nb ro sv uk ");
}

} // namespace
} // namespace synapse::audio
