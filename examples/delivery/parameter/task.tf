# A task that gets the parameter when it starts. ECS gives a parameter to the container as one environment variable, whole. So
# the value is a credentials file, and the container makes a file of it before it starts the program.

resource "aws_ecs_task_definition" "program" {
  #checkov:skip=CKV_AWS_336:The container writes its credentials file. With a read-only root it needs a volume for it.

  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = aws_iam_role.execution.arn

  container_definitions = jsonencode([{
    name        = "program"
    image       = var.image
    essential   = true
    environment = [{ name = "AWS_SHARED_CREDENTIALS_FILE", value = "/tmp/credentials" }]
    secrets     = [{ name = "CREDENTIALS", valueFrom = local.parameter_arn }]
    entryPoint  = ["sh", "-c"]
    command = [join("; ", [
      "umask 077",
      "printf '%s\\n' \"$CREDENTIALS\" >\"$AWS_SHARED_CREDENTIALS_FILE\"",
      "unset CREDENTIALS",
      "exec ${var.program}",
    ])]
  }])
}

# ECS reads the parameter with this role. The program has no part in it.
resource "aws_iam_role" "execution" {
  name               = "${var.name}-task"
  description        = "Gives tasks of ECS the parameter ${var.parameter_name}."
  assume_role_policy = data.aws_iam_policy_document.ecs.json
}

data "aws_iam_policy_document" "ecs" {
  statement {
    sid     = "EcsStartsTasks"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}

resource "aws_iam_role_policy" "execution" {
  name   = "read-the-parameter"
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.execution.json
}

data "aws_iam_policy_document" "execution" {
  statement {
    sid       = "ReadTheParameter"
    actions   = ["ssm:GetParameters"]
    resources = [local.parameter_arn]
  }

  statement {
    sid       = "DecryptTheParameter"
    actions   = ["kms:Decrypt"]
    resources = [var.parameter_kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:PARAMETER_ARN"
      values   = [local.parameter_arn]
    }
  }
}
