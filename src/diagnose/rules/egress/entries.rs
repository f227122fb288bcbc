//! The pages of the findings about what tasks need to reach.

use crate::diagnose::catalogue::{Bearing, Entry, Rank, STARTS_FAIL};
use crate::diagnose::finding::Severity;

const CONNECTIVITY: &str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/verify-connectivity.html";
const PULL: &str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html";
const ECS_ENDPOINTS: &str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html";
const ECR_ENDPOINTS: &str = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html";
const TASK_NETWORKING: &str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking-awsvpc.html";
const ACLS: &str = "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html";

const BASE: Entry = Entry {
    id: "",
    number: 0,
    severity: Severity::Critical,
    rank: Rank::Blocker,
    effect: None,
    explains: STARTS_FAIL,
    bearing: Bearing::Present,
    // Those only say that there is no way; these say why.
    instead_of: &["image-pull-network", "task-start-network"],
    title: "",
    meaning: "",
    decided: "",
    fix: "",
    sources: &[],
};

pub(super) static NO_PUBLIC_IP: Entry = Entry {
    id: "egress-public-subnet-no-public-ip",
    number: 80,
    title: "Tasks in public subnets without a public address",
    meaning: "The default route of the tasks' subnets leads to an internet gateway. Such a gateway passes packets on \
unchanged, and a private address means nothing on the internet. Without a public address, and without a VPC endpoint for \
the service that is called, tasks cannot fetch their image, their secrets or set up their logs, and stop before they start.",
    decided: "A start failed for want of a connection (i/o timeout, connection issue, request canceled, context deadline \
exceeded), or a task has been PENDING for more than 3 minutes before its images were pulled. The subnet's default route is an \
internet gateway; assignPublicIp is DISABLED, or the task runs on an EC2 instance with network mode awsvpc, where it cannot \
have a public address. No interface endpoint with private DNS and no gateway endpoint stands for what was called. A private \
address that was dialled rules it out: that was an endpoint.",
    fix: "Set assignPublicIp to ENABLED:\n\naws ecs update-service --cluster CLUSTER --service SERVICE \
--network-configuration 'awsvpcConfiguration={subnets=[SUBNETS],securityGroups=[GROUPS],assignPublicIp=ENABLED}'\n\nor move \
the service to private subnets with a NAT gateway or VPC endpoints.",
    sources: &[PULL, CONNECTIVITY, TASK_NETWORKING],
    ..BASE
};

pub(super) static NO_NAT_NO_ENDPOINT: Entry = Entry {
    id: "egress-private-subnet-no-nat-no-endpoint",
    number: 81,
    title: "Private subnets with neither NAT nor the endpoints tasks need",
    meaning: "The subnets of the tasks have no default route, which is fine as long as everything a task needs before it starts \
has an endpoint in the VPC. At least one is missing: for images in ECR these are ecr.api, ecr.dkr and the gateway endpoint of \
S3; logs for the awslogs driver; secretsmanager and ssm for secrets; ssmmessages for ECS Exec.",
    decided: "A start failed for want of a connection, or hangs. The route table of the subnet (its own or the main one) has no \
route to 0.0.0.0/0, and no available endpoint stands for what was called. What is missing is derived from the task definition: \
image registries, secrets, environment files, log driver, and whether ECS Exec is on.",
    fix: "Create exactly the endpoints the finding names:\n\naws ec2 create-vpc-endpoint --vpc-id VPC --vpc-endpoint-type \
Interface --service-name com.amazonaws.REGION.ecr.dkr --subnet-ids SUBNETS --security-group-ids GROUP \
--private-dns-enabled\n\nIts group must let in tcp 443 from the tasks. For S3 a gateway endpoint in the route table:\n\naws ec2 \
create-vpc-endpoint --vpc-id VPC --service-name com.amazonaws.REGION.s3 --route-table-ids TABLE\n\nOr add a NAT gateway.",
    sources: &[ECS_ENDPOINTS, ECR_ENDPOINTS],
    ..BASE
};

pub(super) static ENDPOINT_GROUP: Entry = Entry {
    id: "vpce-sg-blocks-443",
    number: 82,
    title: "Security group of a VPC endpoint does not let tasks in",
    meaning: "With private DNS, the name of an AWS service resolves to the interface endpoint in the VPC for everybody, whether \
or not there is a NAT gateway. If the endpoint's security groups have no rule for tcp 443 from the tasks, their calls time out \
although the internet would be reachable. It happens to services added after the endpoint was made for others.",
    decided: "An available interface endpoint with private DNS stands for what was called, and no rule of its groups lets in \
tcp 443 from the groups or addresses of the tasks. Where AWS tells the address that was dialled, it must be private.",
    fix: "aws ec2 authorize-security-group-ingress --group-id ENDPOINT_GROUP --ip-permissions \
'IpProtocol=tcp,FromPort=443,ToPort=443,UserIdGroupPairs=[{GroupId=TASK_GROUP}]'",
    sources: &[ECS_ENDPOINTS, CONNECTIVITY],
    ..BASE
};

pub(super) static TASK_EGRESS: Entry = Entry {
    id: "task-sg-egress-blocks-443",
    number: 83,
    title: "Security groups of the tasks do not let them out on 443",
    meaning: "Before its containers start, a task calls AWS over HTTPS from its own network interface. Its security groups must \
allow tcp 443 out to wherever the call goes: the group of an endpoint, the prefix list of S3, or anywhere. A frequent half: \
the endpoint is allowed and the prefix list of S3 is not, so the manifest of the image arrives and its layers never do.",
    decided: "None of the egress rules of the tasks' groups covers tcp 443 to the endpoint's addresses or groups, to the prefix \
list of the S3 gateway endpoint, or to 0.0.0.0/0, whichever way the call goes.",
    fix: "aws ec2 authorize-security-group-egress --group-id TASK_GROUP --ip-permissions \
'IpProtocol=tcp,FromPort=443,ToPort=443,PrefixListIds=[{PrefixListId=pl-ID}]' for S3; UserIdGroupPairs=[{GroupId=GROUP}] \
for an endpoint; IpRanges=[{CidrIp=0.0.0.0/0}] for the internet.",
    sources: &[PULL, CONNECTIVITY],
    ..BASE
};

pub(super) static S3_GATEWAY: Entry = Entry {
    id: "s3-gateway-endpoint-missing-route",
    number: 84,
    title: "No S3 gateway endpoint in the route table of the tasks",
    meaning: "ECR keeps the layers of images in S3. With the endpoints ecr.api and ecr.dkr in place, the login and the manifest \
work, and then the download of layers hangs, because the subnet has neither a gateway endpoint of S3 in its route table nor a \
NAT gateway. Interface endpoints of S3 do not serve layers.",
    decided: "Endpoints ecr.api and ecr.dkr with private DNS are there, the subnet has no way to the internet, and no available \
gateway endpoint of S3 is associated with its route table; it may be associated with another one.",
    fix: "aws ec2 modify-vpc-endpoint --vpc-endpoint-id ENDPOINT --add-route-table-ids TABLE, or where there is none: aws ec2 \
create-vpc-endpoint --vpc-id VPC --service-name com.amazonaws.REGION.s3 --route-table-ids TABLE",
    sources: &[ECR_ENDPOINTS, PULL],
    ..BASE
};

pub(super) static PRIVATE_DNS: Entry = Entry {
    id: "vpce-private-dns-off",
    number: 85,
    title: "A VPC endpoint whose name does not resolve to it",
    meaning: "The endpoint tasks need exists, but private DNS is off at the endpoint, or DNS support or DNS host names are off \
in the VPC. The usual name of the service then resolves to public addresses, and the subnet has no way to those.",
    decided: "An available interface endpoint for what was called has PrivateDnsEnabled false, or the VPC's enableDnsSupport or \
enableDnsHostnames is false, and the subnet has neither a NAT gateway nor a public address.",
    fix: "aws ec2 modify-vpc-endpoint --vpc-endpoint-id ENDPOINT --private-dns-enabled\n\naws ec2 modify-vpc-attribute --vpc-id \
VPC --enable-dns-hostnames (and --enable-dns-support), where these are off.",
    sources: &[CONNECTIVITY, ECS_ENDPOINTS],
    ..BASE
};

pub(super) static ENDPOINT_POLICY: Entry = Entry {
    id: "vpce-policy-denies",
    number: 86,
    severity: Severity::Error,
    title: "The policy of a VPC endpoint refuses what tasks need",
    meaning: "An endpoint can carry a policy that limits what may be done through it. The policy refuses a call a task makes \
before it starts. The one of S3 is forgotten most often: layers of images come from a bucket of AWS, which a policy for one's \
own buckets does not name.",
    decided: "AWS's error names a VPC endpoint policy; or an image pull was refused (403, AccessDenied) and the policy of the S3 \
gateway endpoint allows neither everything nor prod-REGION-starport-layer-bucket.",
    fix: "Allow s3:GetObject on arn:aws:s3:::prod-REGION-starport-layer-bucket/* in the policy of the S3 endpoint, or the \
action AWS names in the policy of the endpoint it names.",
    sources: &[ECR_ENDPOINTS],
    ..BASE
};

pub(super) static ACL: Entry = Entry {
    id: "nacl-blocks-egress",
    number: 87,
    title: "A network ACL drops calls of tasks",
    meaning: "Network ACLs filter whole subnets and do not remember connections. A call of a task needs tcp 443 out of its \
subnet, and its answer needs the ports 1024 to 65535 back in; towards an endpoint in another subnet, that subnet's ACL has to \
allow the same the other way round.",
    decided: "The entries of the subnet's ACL, lowest number first, deny tcp 443 to where the call goes, or more than a twentieth \
of the ports 1024-65535 of its answers. Between two interfaces in one subnet no ACL counts.",
    fix: "aws ec2 create-network-acl-entry --network-acl-id ACL --egress --rule-number N --protocol tcp --port-range \
From=443,To=443 --cidr-block 0.0.0.0/0 --rule-action allow, and the same with --ingress and From=1024,To=65535 for answers.",
    sources: &[CONNECTIVITY, ACLS],
    ..BASE
};

pub(super) static BLACKHOLE: Entry = Entry {
    id: "nat-route-blackhole",
    number: 88,
    title: "The default route leads to a gateway that is gone",
    meaning: "The NAT gateway (or whatever the default route of the subnet names) was deleted and the route stayed. EC2 marks it \
as a blackhole and drops everything sent there. Tasks without an endpoint for what they call time out before they start.",
    decided: "The route to 0.0.0.0/0 in the subnet's table has State blackhole, and what was called has no endpoint in the VPC.",
    fix: "aws ec2 replace-route --route-table-id TABLE --destination-cidr-block 0.0.0.0/0 --nat-gateway-id NAT_GATEWAY",
    sources: &["https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html", CONNECTIVITY],
    ..BASE
};
