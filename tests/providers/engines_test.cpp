// What engines other than Ollama say of themselves.
#include "providers/provider_table.hpp"

#include <gtest/gtest.h>

#include <string>

namespace synapse::providers {
namespace {

using config::backend_type;
using config::capability;

TEST(vllm_says, what_it_serves) {
  const auto list =
      descriptor_of(backend_type::vllm)
          .discovery.read(
              R"({"object":"list","data":[{"id":"Qwen/Qwen3-8B","object":"model","created":1790000000,
      "owned_by":"vllm","root":"Qwen/Qwen3-8B","parent":null,"max_model_len":40960,
      "permission":[{"id":"modelperm-0af3","allow_view":true,"group":null}]},
      {"id":"adapter","parent":"Qwen/Qwen3-8B","max_model_len":null}]})");
  ASSERT_EQ(list.models.size(), 2u) << list.problem;
  EXPECT_EQ(list.models[0].context, 40960u);
  EXPECT_EQ(list.models[1].context, 0u);
}

TEST(vllm_says, whether_it_sleeps) {
  const auto read = descriptor_of(backend_type::vllm).load.read;
  EXPECT_EQ(read(200, R"({"is_sleeping":true})").others, presence::cold);
  EXPECT_EQ(read(200, R"({"is_sleeping":false})").others, presence::loaded);
  EXPECT_EQ(read(404, R"({"detail":"Not Found"})").others, presence::loaded) << "it cannot sleep";
  EXPECT_FALSE(read(200, "{}").ok());
  EXPECT_FALSE(read(200, R"({"is_sleeping":"no"})").ok());
  EXPECT_FALSE(read(500, R"({"is_sleeping":false})").ok());
}

TEST(vllm_says, how_many_wait) {
  const auto queue = descriptor_of(backend_type::vllm)
                         .queue.read("vllm:num_requests_running{engine=\"0\"} "
                                     "4.0\nvllm:num_requests_waiting{engine=\"0\"} 9.0\n");
  EXPECT_TRUE(queue.known);
  EXPECT_EQ(queue.waiting, 9u);
  EXPECT_EQ(queue.running, 4u);
}

TEST(sglang_says, how_many_wait) {
  const auto queue = descriptor_of(backend_type::sglang)
                         .queue.read("sglang:num_running_reqs{model_name=\"m\"} "
                                     "4\nsglang:num_queue_reqs{model_name=\"m\"} 2\n");
  EXPECT_EQ(queue.waiting, 2u);
  EXPECT_EQ(queue.running, 4u);
}

TEST(sglang_says, that_it_is_starting) {
  const auto judge = descriptor_of(backend_type::sglang).health.judge;
  EXPECT_EQ(judge(200, ""), wellness::well);
  EXPECT_EQ(judge(503, ""), wellness::loading);
  EXPECT_EQ(judge(500, ""), wellness::unwell);
}

TEST(one_model_engines, have_their_model_in_memory) {
  for (const auto type : {backend_type::sglang, backend_type::trtllm})
    EXPECT_EQ(descriptor_of(type)
                  .discovery.read(R"({"object":"list","data":[{"id":"m","owned_by":"x"}]})")
                  .models.at(0)
                  .memory,
              presence::loaded);
}

constexpr std::string_view router_list = R"({"object":"list","data":[
 {"id":"qwen3-8b-q4","aliases":["qwen"],"object":"model","owned_by":"llamacpp",
  "status":{"value":"loaded","args":["llama-server","--ctx-size","16384","--model","/m.gguf"]},
  "architecture":{"input_modalities":["text","image"],"output_modalities":["text"]}},
 {"id":"gemma-27b","object":"model","status":{"value":"unloaded","args":["-c","0"],"failed":true}},
 {"id":"big-00001-of-00002","status":{"value":"loading","args":["--ctx-size=4096"]}},
 {"id":"nap","status":{"value":"sleeping","args":["--ctx-size"]}},
 {"id":"plain"}]})";

TEST(llama_router_says, what_is_loaded) {
  const auto& router = descriptor_of(backend_type::llama_router);
  const auto list = router.discovery.read(router_list);
  ASSERT_EQ(list.models.size(), 5u) << list.problem;
  EXPECT_EQ(list.models[0].memory, presence::loaded);
  EXPECT_EQ(list.models[0].context, 16384u);
  EXPECT_EQ(list.models[0].further, std::vector<std::string>{"qwen"});
  EXPECT_TRUE(list.models[0].capabilities.has(capability::vision));
  EXPECT_EQ(list.models[1].memory, presence::cold);
  EXPECT_EQ(list.models[1].context, 0u);
  EXPECT_EQ(list.models[2].memory, presence::loading);
  EXPECT_EQ(list.models[2].context, 4096u);
  EXPECT_EQ(list.models[2].further, std::vector<std::string>{"big"});
  EXPECT_EQ(list.models[3].memory, presence::loaded) << "it wakes up by itself";
  EXPECT_EQ(list.models[4].memory, presence::unknown) << "older ones and other servers";
  EXPECT_EQ(router.discovery.every.busy, std::chrono::seconds{2}) << "there is no other source";
}

TEST(llama_router_says, names_of_parts_only_where_they_are) {
  const auto further = [](const std::string& id) {
    return descriptor_of(backend_type::llama_router)
        .discovery.read(R"({"data":[{"id":")" + id + R"("}]})")
        .models.at(0)
        .further;
  };
  EXPECT_EQ(further("-00001-of-00002"), std::vector<std::string>{});
  EXPECT_EQ(further("a-0000x-of-00002"), std::vector<std::string>{});
  EXPECT_EQ(further("a-00001-of-0000y"), std::vector<std::string>{});
  EXPECT_EQ(further("a-00001-by-00002"), std::vector<std::string>{});
  EXPECT_EQ(further("a-00002-of-00002"), std::vector<std::string>{"a"});
}

TEST(llama_server_says, that_it_loads_its_model) {
  const auto judge = descriptor_of(backend_type::openai_compatible).health.judge;
  EXPECT_EQ(judge(503, R"({"error":{"code":503,"message":"Loading model"}})"), wellness::loading);
  EXPECT_EQ(judge(503, ""), wellness::unwell);
  EXPECT_EQ(judge(200, ""), wellness::well);
}

TEST(tei_says, what_its_model_is_for) {
  const auto read = descriptor_of(backend_type::tei).discovery.read;
  auto list = read(R"({"model_id":"BAAI/bge-m3","model_sha":null,"served_model_name":"bge",
    "model_type":{"embedding":{"pooling":"cls"}},"max_input_length":8192})");
  ASSERT_EQ(list.models.size(), 1u) << list.problem;
  EXPECT_EQ(list.models[0].name, "bge");
  EXPECT_EQ(list.models[0].further, std::vector<std::string>{"BAAI/bge-m3"});
  EXPECT_EQ(list.models[0].context, 8192u);
  EXPECT_TRUE(list.models[0].capabilities.has(capability::embeddings));
  EXPECT_TRUE(list.models[0].capabilities.lacks(capability::rerank));
  list = read(R"({"model_id":"r","model_type":{"reranker":{"id2label":{}}}})");
  EXPECT_TRUE(list.models.at(0).capabilities.has(capability::rerank));
  EXPECT_TRUE(list.models[0].capabilities.lacks(capability::embeddings));
  list = read(R"({"model_id":"u"})");
  EXPECT_EQ(list.models.at(0).capabilities, config::capability_set{});
  EXPECT_FALSE(read("{}").ok());
  EXPECT_FALSE(read("").ok());
}

TEST(infinity_says, what_its_models_are_for_and_who_waits) {
  const auto& infinity = descriptor_of(backend_type::infinity);
  constexpr std::string_view body = R"({"object":"list","data":[
    {"id":"BAAI/bge-m3","stats":{"queue_fraction":0.0,"queue_absolute":3,"batch_size":32},
     "object":"model","owned_by":"infinity","backend":"torch","capabilities":["embed"]},
    {"id":"r","stats":{"queue_absolute":4},"capabilities":["rerank"]}]})";
  const auto list = infinity.discovery.read(body);
  ASSERT_EQ(list.models.size(), 2u) << list.problem;
  EXPECT_TRUE(list.models[0].capabilities.has(capability::embeddings));
  EXPECT_TRUE(list.models[0].capabilities.lacks(capability::rerank));
  EXPECT_TRUE(list.models[1].capabilities.has(capability::rerank));
  EXPECT_EQ(infinity.queue.read(body).waiting, 7u);
  EXPECT_FALSE(infinity.queue.read("{}").known);
  EXPECT_EQ(infinity.queue.read(R"({"data":[{"stats":{"queue_absolute":-5}}]})").waiting, 0u);
}

} // namespace
} // namespace synapse::providers
